// The commands of manifest-tool that have to start fast.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Commands } from '../fast-start/warm-up.ts';

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

const runAll: Commands = async (home, run) => {
  writeFileSync(join(home, 'fw.bin'), 'firmware');
  writeFileSync(join(home, 'c.json'), JSON.stringify(config));
  for (const argv of commands) {
    const { status, said } = await run('manifest-tool', ...argv);
    if (status !== 0) throw new Error(`manifest-tool ${argv.join(' ')} ended with ${status}: ${said}`);
  }
};

export default runAll;
