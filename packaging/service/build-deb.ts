// node packaging/service/build-deb.ts [--out DIR] [--arch amd64|arm64] [--node FILE] [--compression xz|gzip|none]
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { bundleService, nodeLicence, nodeOf } from './bundle.ts';

const here = import.meta.dirname;
const root = join(here, '../..');
const name = 'mooring-server';

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

function commitTime(): number {
  try {
    return Number(execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8' }));
  } catch {
    return 0;
  }
}

/** Of the files inside, so that two builds of one commit are the same. */
const epoch = Number(process.env.SOURCE_DATE_EPOCH ?? commitTime());

const control = (installedSize: number): string => `Package: ${name}
Version: ${version}
Architecture: ${values.arch}
Maintainer: The Mooring authors <mooring@localhost>
Installed-Size: ${installedSize}
Depends: libc6 (>= 2.28), libstdc++6 (>= 9), passwd
Recommends: opensc
Section: net
Priority: optional
Description: Device Management service for IoT devices
 Gives devices of Pelion Device Management and Mbed Linux OS their
 identity: developer certificates, trusted certificates and API keys,
 over the REST interface that their tools know.
 .
 Comes with the Node.js that it runs on.
`;

const copyright = (
  thirdParty: string,
  node: string,
): string => `Mooring is under the Apache License 2.0, whose text is in
/usr/share/common-licenses/Apache-2.0. It holds these works of others:

${thirdParty}
${'-'.repeat(72)}

Node.js

${readFileSync(nodeLicence(node), 'utf8')}`;

const changelog = (): string => `${name} (${version}) unstable; urgency=medium

  * See /usr/share/doc/${name}/CHANGELOG.md.

 -- The Mooring authors <mooring@localhost>  ${new Date(epoch * 1000).toUTCString().replace('GMT', '+0000')}
`;

async function stage(folder: string): Promise<void> {
  const put = (path: string, content: string | Uint8Array, mode = 0o644) => {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    chmodSync(file, mode);
  };
  const own = (file: string) => readFileSync(join(here, file), 'utf8');
  const node = values.node === undefined ? nodeOf(values.arch) : resolve(values.node);
  const { files, licences } = await bundleService();
  for (const [file, content] of files) put(`usr/lib/mooring/${file}`, content);
  copyFileSync(node, join(folder, 'usr/lib/mooring/node'));
  chmodSync(join(folder, 'usr/lib/mooring/node'), 0o755);
  put('usr/bin/mooring', own('files/mooring'), 0o755);
  put('lib/systemd/system/mooring.service', own('files/mooring.service'));
  put('etc/mooring/mooring.toml', own('files/mooring.toml'));
  const doc = `usr/share/doc/${name}`;
  put(`${doc}/copyright`, copyright(licences, node));
  put(`${doc}/changelog.gz`, gzipSync(changelog(), { level: 9 }));
  for (const file of ['CHANGELOG.md', 'docs/operating.md', 'docs/reference/configuration.md']) {
    put(`${doc}/${file.split('/').at(-1)}`, readFileSync(join(root, file)));
  }
  cpSync(join(root, 'docs/reference/commands/mooring.md'), join(folder, doc, 'commands.md'));
  put('DEBIAN/conffiles', '/etc/mooring/mooring.toml\n');
  for (const script of ['postinst', 'prerm', 'postrm']) put(`DEBIAN/${script}`, own(`debian/${script}`), 0o755);
  const size = execFileSync('du', ['-sk', '--exclude=DEBIAN', folder], { encoding: 'utf8' });
  put('DEBIAN/control', control(Number.parseInt(size, 10)));
}

const folder = mkdtempSync(join(tmpdir(), 'mooring-deb-'));
process.umask(0o022);
try {
  chmodSync(folder, 0o755);
  await stage(folder);
  mkdirSync(values.out, { recursive: true });
  const file = resolve(values.out, `${name}_${version}_${values.arch}.deb`);
  execFileSync('dpkg-deb', ['--root-owner-group', `-Z${values.compression}`, '--build', folder, file], {
    env: { ...process.env, SOURCE_DATE_EPOCH: String(epoch) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  process.stdout.write(`${file}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
