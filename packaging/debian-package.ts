// A Debian package from files and a few facts; dpkg-deb does the rest. Two builds of one commit are the same.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';

const root = join(import.meta.dirname, '..');

export interface DebianPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** Fields of the control file beside those that every package has: `Depends`, `Recommends`, `Section` … */
  readonly control: Readonly<Record<string, string>>;
  readonly summary: string;
  /** Paragraphs of lines shorter than 80 characters. */
  readonly description: string;
  /** Files that the owner of the machine changes, and that an upgrade keeps. */
  readonly conffiles: readonly string[];
  /** Maintainer scripts by name, `postinst` and the like. */
  readonly scripts: Readonly<Record<string, string>>;
  /** Works of others inside, with their licences. */
  readonly thirdParty: string;
  /** Files of the checkout that go into the documentation folder, by their name there. */
  readonly documentation: Readonly<Record<string, string>>;
}

/** @param path without a slash at its beginning */
export type Put = (path: string, content: string | Uint8Array, mode?: number) => void;

export interface BuildOptions {
  /** Folder for the package. */
  readonly out: string;
  readonly compression: string;
}

function commitTime(): number {
  try {
    return Number(execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8' }));
  } catch {
    return 0;
  }
}

const maintainer = 'The Mooring authors <mooring@localhost>';

function controlOf(made: DebianPackage, installedSize: number): string {
  const fields = {
    Package: made.name,
    Version: made.version,
    Architecture: made.architecture,
    Maintainer: maintainer,
    'Installed-Size': String(installedSize),
    ...made.control,
    Priority: 'optional',
    Description: [
      made.summary,
      ...made.description
        .trim()
        .split('\n')
        .map((line) => ` ${line || '.'}`),
    ].join('\n'),
  };
  return Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}\n`)
    .join('');
}

const copyrightOf = (thirdParty: string): string => `Mooring is under the Apache License 2.0, whose text is in
/usr/share/common-licenses/Apache-2.0. ${thirdParty === '' ? 'Nothing of others is in this package.\n' : `It holds these works of others:\n\n${thirdParty}`}`;

const changelogOf = ({ name, version }: DebianPackage, epoch: number): string =>
  `${name} (${version}) unstable; urgency=medium

  * See /usr/share/doc/${name}/CHANGELOG.md.

 -- ${maintainer}  ${new Date(epoch * 1000).toUTCString().replace('GMT', '+0000')}
`;

/**
 * @param stage puts what the package is for
 * @returns the path of the package
 */
export function buildDebianPackage(made: DebianPackage, stage: (put: Put) => void, options: BuildOptions): string {
  const epoch = Number(process.env.SOURCE_DATE_EPOCH ?? commitTime());
  const folder = mkdtempSync(join(tmpdir(), 'mooring-deb-'));
  const before = process.umask(0o022);
  const put: Put = (path, content, mode = 0o644) => {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    chmodSync(file, mode);
  };
  try {
    chmodSync(folder, 0o755);
    stage(put);
    const doc = `usr/share/doc/${made.name}`;
    put(`${doc}/copyright`, copyrightOf(made.thirdParty));
    put(`${doc}/changelog.gz`, gzipSync(changelogOf(made, epoch), { level: 9 }));
    for (const [name, file] of Object.entries(made.documentation))
      put(`${doc}/${name}`, readFileSync(join(root, file)));
    const size = execFileSync('du', ['-sk', folder], { encoding: 'utf8' });
    put('DEBIAN/control', controlOf(made, Number.parseInt(size, 10)));
    if (made.conffiles.length > 0) put('DEBIAN/conffiles', made.conffiles.map((path) => `${path}\n`).join(''));
    for (const [name, script] of Object.entries(made.scripts)) put(`DEBIAN/${name}`, script, 0o755);
    mkdirSync(options.out, { recursive: true });
    const file = resolve(options.out, `${made.name}_${made.version}_${made.architecture}.deb`);
    execFileSync('dpkg-deb', ['--root-owner-group', `-Z${options.compression}`, '--build', folder, file], {
      env: { ...process.env, SOURCE_DATE_EPOCH: String(epoch) },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    return file;
  } finally {
    process.umask(before);
    rmSync(folder, { recursive: true, force: true });
  }
}
