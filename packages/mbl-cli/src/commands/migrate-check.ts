import type { Belonging } from '../migration/inventory.ts';
import { command } from './session.ts';
import { serviceOption } from './store-access.ts';

export const migrateCheck = command({
  name: 'migrate check',
  summary: 'Tell what of the old tools goes on, and what has to be made anew.',
  description:
    'Looks at the stores, the settings of the SDKs and the files of manifest-tool that a user of Pelion or Izuma Device Management has, and says of each what becomes of it with the service whose API key is saved. Nothing is changed.',
  options: [serviceOption],
  examples: [{ run: 'mbl-cli migrate check', does: 'shows what there is, and the commands that mend the rest' }],
  exitCodes: { 1: 'something has to be made anew or set' },
  async run(session, values) {
    const { inventory } = await import('../migration/inventory.ts');
    const { accessOf } = await import('../cloud/access.ts');
    const { clientFor } = await import('../cloud/client.ts');
    const { lookUpLocations } = await import('../stores/locations.ts');
    const { TeamStore } = await import('../stores/team-store.ts');
    const { UserStore } = await import('../stores/user-store.ts');
    const { text } = await import('./session.ts');
    const places = await lookUpLocations(session.home);
    const key = await new UserStore(places.user).read();
    const access = key?.service ? await accessOf(key, session, text(values.service)) : undefined;
    const client = access && clientFor(access, session.signal);
    try {
      const { env, cwd, home } = session;
      const found = await inventory({ env, cwd, home, team: new TeamStore(places.team), key, client });
      for (const one of found) session.output.line(lineOf(one));
      if (found.some(({ state }) => state !== 'goes on')) session.exit(1);
      return { belongings: found };
    } finally {
      client?.close();
    }
  },
});

const states = { 'goes on': 'goes on', anew: 'ANEW', change: 'CHANGE' } as const;

const lineOf = ({ what, state, says, next }: Belonging) =>
  `${states[state].padEnd(8)} ${what}: ${says}${next === undefined ? '' : `\n         ${next}`}`;
