// The commands of manifest-tool that have to start fast.
'use strict';
const fs = require('node:fs');
const path = require('node:path');

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

module.exports = async (home, run) => {
  fs.writeFileSync(path.join(home, 'fw.bin'), 'firmware');
  fs.writeFileSync(path.join(home, 'c.json'), JSON.stringify(config));
  for (const argv of commands) {
    const { status, said } = await run('manifest-tool', ...argv);
    if (status !== 0) throw new Error(`manifest-tool ${argv.join(' ')} ended with ${status}: ${said}`);
  }
};
