// node warm-up.cjs FOLDER COMMANDS: runs the commands that have to start fast, and writes V8's form of the code that they
// used beside it. COMMANDS is a module: a function that gets the home folder and a way to run a command line.
'use strict';
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { Readable, Writable } = require('node:stream');

const [folder, commands] = process.argv.slice(2).map((file) => path.resolve(file));
const { programs, script } = require(path.join(folder, 'launcher.js')).load();
const home = fs.mkdtempSync(path.join(os.tmpdir(), 'warm-up-'));

async function run(name, ...argv) {
  let said = '';
  const sink = () => new Writable({ write: (chunk, _, done) => done(void (said += chunk)) });
  const streams = { stdin: Readable.from([]), stdout: sink(), stderr: sink() };
  const io = { ...streams, env: {}, cwd: home, home, clock: { now: () => new Date() } };
  return { status: await programs[name](argv, io), said };
}

require(commands)(home, run)
  .then(() => fs.writeFileSync(path.join(folder, 'programs.cache'), script.createCachedData()))
  .finally(() => fs.rmSync(home, { recursive: true, force: true }));
