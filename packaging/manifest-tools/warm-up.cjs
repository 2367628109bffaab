// node warm-up.cjs FOLDER: runs the commands that have to start fast, and writes V8's form of the code that they used
// beside it.
'use strict';
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { Readable, Writable } = require('node:stream');

const shared = path.resolve(process.argv[2]);
const { programs, script } = require(path.join(shared, 'launch.js')).load();
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'manifest-tools-'));

const config = {
  vendor: { domain: 'example.com' },
  device: { 'model-name': 'model' },
  priority: 1,
  payload: { url: 'http://example.com/fw.bin', 'file-path': 'fw.bin', format: 'raw-binary' },
};
const commands = [
  ['init', '-d', 'example.com', '-m', 'model', '-q'],
  ['create', '-p', 'fw.bin', '-u', 'http://example.com/fw.bin', '-o', 'one.manifest'],
  ['parse', '-i', 'one.manifest'],
  ['verify', '-i', 'one.manifest'],
  ['create', '-c', 'c.json', '-k', '.update-certificates/default.key.pem', '-v', '1.2.3', '-o', 'three.manifest'],
  ['parse', 'three.manifest', '-c', '.update-certificates/default.der'],
];

async function warmUp() {
  let said = '';
  const sink = () => new Writable({ write: (chunk, _, done) => done(void (said += chunk)) });
  fs.writeFileSync(path.join(folder, 'fw.bin'), 'firmware');
  fs.writeFileSync(path.join(folder, 'c.json'), JSON.stringify(config));
  for (const argv of commands) {
    said = '';
    const status = await programs['manifest-tool'](argv, {
      stdin: Readable.from([]),
      stdout: sink(),
      stderr: sink(),
      env: {},
      cwd: folder,
      home: folder,
      clock: { now: () => new Date() },
    });
    if (status !== 0) throw new Error(`manifest-tool ${argv.join(' ')} ended with ${status}: ${said}`);
  }
  fs.writeFileSync(path.join(shared, 'programs.cache'), script.createCachedData());
}

warmUp().finally(() => fs.rmSync(folder, { recursive: true, force: true }));
