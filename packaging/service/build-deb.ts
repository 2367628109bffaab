// node packaging/service/build-deb.ts [--out DIR] [--arch amd64|arm64] [--node FILE] [--compression xz|gzip|none]
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { addonsFor } from '../bundle.ts';
import { buildDebianPackage } from '../debian-package.ts';
import { bundleService, nodeLicence, nodeOf } from './bundle.ts';

const root = join(import.meta.dirname, '../..');
const own = (file: string) => readFileSync(join(import.meta.dirname, file), 'utf8');

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: join(root, 'dist') },
    arch: { type: 'string', default: process.arch === 'x64' ? 'amd64' : process.arch },
    node: { type: 'string' },
    compression: { type: 'string', default: 'xz' },
  },
});

const { version } = JSON.parse(readFileSync(join(root, 'packages/service/package.json'), 'utf8')) as {
  version: string;
};
const node = values.node === undefined ? nodeOf(values.arch) : resolve(values.node);
const { files, licences, usesAddons } = await bundleService();

const file = buildDebianPackage(
  {
    name: 'mooring-server',
    version,
    architecture: values.arch,
    control: {
      Depends: 'libc6 (>= 2.28), libstdc++6 (>= 9), passwd',
      Recommends: 'opensc',
      Section: 'net',
    },
    summary: 'Device Management service for IoT devices',
    description: `
Gives devices of Pelion Device Management and Mbed Linux OS their
identity: developer certificates, trusted certificates and API keys,
over the REST interface that their tools know.

Comes with the Node.js that it runs on.`,
    conffiles: ['/etc/mooring/mooring.toml'],
    scripts: Object.fromEntries(['postinst', 'prerm', 'postrm'].map((name) => [name, own(`debian/${name}`)])),
    thirdParty: `${licences}\n${'-'.repeat(72)}\n\nNode.js\n\n${readFileSync(nodeLicence(node), 'utf8')}`,
    documentation: {
      'CHANGELOG.md': 'CHANGELOG.md',
      'operating.md': 'docs/operating.md',
      'configuration.md': 'docs/reference/configuration.md',
      'commands.md': 'docs/reference/commands/mooring.md',
    },
  },
  (put) => {
    for (const [name, content] of files) put(`usr/lib/mooring/${name}`, content);
    if (usesAddons) for (const [name, addon] of addonsFor(values.arch)) put(`usr/lib/mooring/native/${name}`, addon);
    put('usr/lib/mooring/node', readFileSync(node), 0o755);
    put('usr/bin/mooring', own('files/mooring'), 0o755);
    put('usr/lib/systemd/system/mooring.service', own('files/mooring.service'));
    put('etc/mooring/mooring.toml', own('files/mooring.toml'));
  },
  { out: values.out, compression: values.compression },
);
process.stdout.write(`${file}\n`);
