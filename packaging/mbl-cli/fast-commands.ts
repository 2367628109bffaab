// The ways that commands of mbl-cli begin with.
import type { Commands } from '../fast-start/warm-up.ts';

const commands = [
  ['-h'],
  ['provision-pelion', '-h'],
  ['which'],
  ['list-certificates', '--local'],
  // Nobody listens there: as far as connecting goes.
  ['-a', '127.0.0.1:1', 'shell', 'true'],
  ['-a', '127.0.0.1:1', 'provision-pelion', 'one', 'two'],
];

const runAll: Commands = async (_home, run) => {
  for (const argv of commands) await run('mbl-cli', ...argv);
};

export default runAll;
