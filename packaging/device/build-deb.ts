// node packaging/device/build-deb.ts [--out DIR] [--arch amd64|arm64|armhf]… [--compression xz|gzip|none]
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Architecture, architectures, buildDevicePackage } from './device-package.ts';

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: join(import.meta.dirname, '../../dist') },
    arch: { type: 'string', multiple: true, default: [...architectures] },
    compression: { type: 'string', default: 'xz' },
  },
});

for (const architecture of values.arch) {
  if (!architectures.includes(architecture as Architecture)) {
    throw new Error(`there is no mooring-device for ${architecture}: ${architectures.join(', ')}`);
  }
  const { out, compression } = values;
  const file = await buildDevicePackage({ architecture: architecture as Architecture, out, compression });
  process.stdout.write(`${file}\n`);
}
