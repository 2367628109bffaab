import { resolve } from 'node:path';
import { command } from './session.ts';

export const storeMove = command({
  name: 'store move',
  summary: 'Move the Team Store to another folder.',
  description: `Copies the Team Store to PATH, which has to be new or empty, compares the copy with the original, names the new place in ~/.mbl-stores.json, and then removes the old one. It can be interrupted at any time: one whole store is in use, and the same command goes on. Others who use the store have to name the new place in theirs.`,
  positionals: [{ name: 'path', help: 'The new folder.' }],
  examples: [{ run: 'mbl-cli store move /srv/team-store', does: 'moves it to a place that others can reach' }],
  async run(session, values) {
    const { openStores } = await import('../stores/stores.ts');
    const { moveStore } = await import('../stores/move.ts');
    const { team } = await openStores(session.home);
    const moved = await moveStore(team, resolve(session.cwd, String(values.path)), session.home);
    const count = moved.certificates === 1 ? '1 certificate' : `${moved.certificates} certificates`;
    session.output.line(`The Team Store with ${count} is now at ${moved.to}.`);
    if (moved.oldRemains !== undefined) {
      session.output.note(
        `Warning: ${moved.from} could not be removed: ${moved.oldRemains}. It is no longer in use, but may hold private keys: remove it.`,
      );
    }
    return {
      from: moved.from,
      to: moved.to,
      certificates: moved.certificates,
      oldRemoved: moved.oldRemains === undefined,
    };
  },
});
