// node warm-up.cjs FOLDER: runs the ways that commands begin with, and writes V8's form of the code that they used beside it.
'use strict';
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { Readable, Writable } = require('node:stream');

const shared = path.resolve(process.argv[2]);
const { runMblCli, script } = require(path.join(shared, 'launch.js')).load();
const home = fs.mkdtempSync(path.join(os.tmpdir(), 'mbl-cli-warm-up-'));

const commands = [
  ['-h'],
  ['provision-pelion', '-h'],
  ['which'],
  ['list-certificates', '--local'],
  // Nobody listens there: as far as connecting goes.
  ['-a', '127.0.0.1:1', 'shell', 'true'],
  ['-a', '127.0.0.1:1', 'provision-pelion', 'one', 'two'],
];

async function warmUp() {
  const sink = () => new Writable({ write: (_chunk, _encoding, done) => done() });
  for (const argv of commands) {
    const streams = { stdin: Readable.from([]), stdout: sink(), stderr: sink() };
    await runMblCli(argv, { ...streams, env: {}, cwd: home, home, clock: { now: () => new Date() } });
  }
  fs.writeFileSync(path.join(shared, 'program.cache'), script.createCachedData());
}

warmUp().finally(() => fs.rmSync(home, { recursive: true, force: true }));
