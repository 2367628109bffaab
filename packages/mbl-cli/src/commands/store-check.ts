import type { Entry, Inspection } from '../stores/inspection.ts';
import { command, type Session } from './session.ts';

export const storeCheck = command({
  name: 'store check',
  summary: 'Look through the stores for what is wrong.',
  description: `Lists the certificates of the Team Store and names what is wrong in both stores: files that are missing or belong nowhere, keys that do not fit their certificate, expired certificates, permissions, conflict copies of sync programs, traces of interrupted commands. With --repair it mends what can be mended without losing anything: conflict copies are merged, lost entries listed again, permissions set.`,
  options: [{ flags: ['--repair'], name: 'repair', help: 'Mend what is safe to mend.' }],
  examples: [{ run: 'mbl-cli store check --repair', does: 'merges conflict copies and sets permissions' }],
  exitCodes: { 1: 'something is wrong, or still wrong after --repair' },
  async run(session, values) {
    const { checkTeamStore, checkUserStore } = await import('../stores/check.ts');
    const { lookUpLocations } = await import('../stores/locations.ts');
    const places = await lookUpLocations(session.home);
    const now = session.clock.now();
    const done: string[] = [];
    if (values.repair) {
      const { repairTeamStore, repairUserStore } = await import('../stores/repair.ts');
      const { TeamStore } = await import('../stores/team-store.ts');
      done.push(...(await repairTeamStore(new TeamStore(places.team), now)));
      done.push(...(await repairUserStore(await checkUserStore(places.user))));
    }
    const [team, user] = [await checkTeamStore(places.team, now), await checkUserStore(places.user)];
    show(session, team, user, done);
    const problems = [...team.problems, ...user.problems];
    if (problems.length > 0) session.exit(1);
    return {
      team: team.folder,
      user: user.folder,
      ...(team.sharing ? { shared: { group: team.sharing.group, write: team.sharing.write } } : {}),
      certificates: team.entries.map(({ notAfter, ...entry }) => ({
        ...entry,
        ...(notAfter ? { notAfter: notAfter.toISOString() } : {}),
      })),
      problems,
      repaired: done,
    };
  },
});

function show({ output }: Session, team: Inspection, user: Inspection, done: readonly string[]): void {
  const shared = team.sharing
    ? `, shared with the group ${team.sharing.group}${team.sharing.write ? '' : ' for reading'}`
    : '';
  output.line(team.exists ? `Team Store ${team.folder}${shared}:` : `There is no Team Store at ${team.folder} yet.`);
  for (const entry of team.entries) output.line(`  ${entry.name}: ${described(entry)}`);
  if (team.exists && team.entries.length === 0) output.line('  no certificates');
  for (const line of done) output.line(`Mended: ${line}`);
  for (const { says, next } of [...team.problems, ...user.problems]) {
    output.line(`Wrong: ${says}${next === undefined ? " 'store check --repair' mends this." : `\n       ${next}`}`);
  }
  const count = team.problems.length + user.problems.length;
  output.line(count === 0 ? 'All is well.' : count === 1 ? '1 thing is wrong.' : `${count} things are wrong.`);
}

function described({ kind, files, endpointName, notAfter }: Entry): string {
  const what = kind === 'unknown' ? 'not known of which kind' : `${kind} certificate`;
  return [
    what,
    files === 1 ? '1 file' : `${files} files`,
    ...(endpointName ? [`endpoint ${endpointName}`] : []),
    ...(notAfter ? [`until ${notAfter.toISOString().slice(0, 10)}`] : []),
  ].join(', ');
}
