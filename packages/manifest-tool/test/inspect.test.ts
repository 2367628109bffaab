import assert from 'node:assert/strict';
import { existsSync, globSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { type Io, runProgram } from '@mooring/terminal';
import fc from 'fast-check';
import { program as deltaTool, withCommand } from '../src/delta-tool/program.ts';
import { program as devTool } from '../src/dev-tool/program.ts';
import type { Finding } from '../src/inspect/finding.ts';
import { recognise } from '../src/inspect/recognise.ts';
import { program as packageTool } from '../src/package-tool/program.ts';
import { configOf, later, projectWithManifest, projectWithManifestV3 } from './manifests.ts';
import { Project, quiet, usualTime } from './project.ts';

const vectors = join(import.meta.dirname, '../../../../shared/vectors');

interface Result {
  files: (Record<string, unknown> & { file: string; kind: string; findings: Finding[] })[];
  relations: Finding[];
  problems: number;
  warnings: number;
}

async function inspected(
  project: Project,
  files: readonly string[],
  time = later,
): Promise<{ status: number; result: Result }> {
  const { status, stdout, stderr } = await project.run(['inspect', ...files, '--json'], { time });
  assert.doesNotMatch(stderr, /\n\s+at .*:\d+:\d+/, 'no stack');
  return { status, result: JSON.parse(stdout) as Result };
}

/** `weight code: text` of every finding, the items' own first. */
const lines = ({ files, relations }: Result): string[] =>
  [...files.flatMap(({ findings }) => findings), ...relations].map(
    ({ weight, code, text }) => `${weight} ${code}: ${text}`,
  );

const tool = (project: Project, program: typeof deltaTool, argv: readonly string[]) =>
  project.run(argv, { program: (words: readonly string[], io: Io) => runProgram(program, words, io) });

test('a manifest, its image and the project that it was made in: all fits, for people and as JSON', async (t) => {
  const project = await projectWithManifest(t);
  const { status, stdout } = await project.run(['inspect', 'fw.manifest', 'fw.bin', '.'], { time: later });
  assert.equal(status, 0, stdout);
  assert.match(stdout, /^fw\.manifest: update manifest of schema v1, \d+ bytes$/m);
  assert.match(stdout, /^ {2}vendor id {5}fa6b4a53-d5ad-5fdf-be9d-e663e4d41ffe$/m);
  assert.match(stdout, /^ {2}version {7}1569840964, as a time 2019-09-30 10:56:04 UTC$/m);
  assert.match(
    stdout,
    /^ {2}fits {10}\.manifest_tool\.json, update\.der and update_default_resources\.c can verify fw\.manifest$/m,
  );
  assert.match(
    stdout,
    /^ {2}fits {10}a device made from update_default_resources\.c takes fw\.manifest, whatever its client$/m,
  );
  assert.match(stdout, /^ {2}fits {10}fw\.bin is the payload of fw\.manifest$/m);
  assert.match(stdout, /^ {2}fits {10}\.manifest_tool\.json and update_default_resources\.c say the same$/m);
  assert.match(stdout, /\nNo problems, no warnings\.\n$/);

  const { result } = await inspected(project, ['fw.manifest', 'fw.bin', '.']);
  assert.deepEqual(
    result.files.map(({ file, kind }) => [file, kind]),
    [
      ['fw.manifest', 'manifest'],
      ['fw.bin', 'image'],
      ['.manifest_tool.json', 'settings'],
      ['update.der', 'certificate'],
      ['update.key.pem', 'private-key'],
      ['update_default_resources.c', 'update-resources'],
    ],
  );
  const [manifest] = result.files;
  assert.equal(manifest?.schema, 'v1');
  assert.deepEqual([result.problems, result.warnings], [0, 0]);
});

test('without a name the settings of the current folder are shown', async (t) => {
  const project = new Project(t);
  await project.run([...quiet, '--valid-days', '7300', '-S', 'https://a', '-a', 'secret-key']);
  const { status, stdout } = await project.run(['inspect']);
  assert.equal(status, 0, stdout);
  assert.match(stdout, /^ {2}vendor id {5}\S+, of "arm\.com"$/m);
  assert.match(stdout, /7300 days left/);
  assert.match(stdout, /API key {7}there \(not shown\)/);
  assert.doesNotMatch(stdout, /secret-key|PRIVATE KEY/);
});

describe('manifests are known in every form', () => {
  const forms: [option: string[], form: string][] = [
    [[], 'DER'],
    [['-x'], 'hex'],
    [['-C'], 'C array'],
    [['-x', '-C'], 'C array of hex'],
  ];
  for (const [options, form] of forms) {
    test(`as ${form}`, async (t) => {
      const project = await projectWithManifest(t);
      await project.run(['create', '-p', 'fw.bin', '-o', 'm', ...options]);
      const { status, result } = await inspected(project, ['m', 'update.der']);
      assert.equal(status, 0);
      assert.deepEqual([result.files[0]?.kind, result.files[0]?.form], ['manifest', form]);
      assert.deepEqual(lines(result), ['fits manifest.signature: update.der can verify m']);
    });
  }

  test('on standard input', async (t) => {
    const project = await projectWithManifest(t);
    const { status, stdout } = await project.run(['inspect', '-'], { stdin: project.bytes('fw.manifest') });
    assert.equal(status, 0);
    assert.match(stdout, /^<stdin>: update manifest of schema v1/);
    assert.match(stdout, /note {10}nobody here can verify <stdin>: name its certificate/);
  });
});

test('schema v3: version, component, custom data, the image signature, and who verifies it', async (t) => {
  const project = await projectWithManifestV3(t, {
    'sign-image': true,
    component: 'RADIO',
    vendor: { domain: 'arm.com', 'custom-data-path': 'custom' },
  });
  project.write('custom', 'für dich');
  await project.run(['create', '-c', 'c.json', '-k', 'update.key.pem', '-v', '1.2.3', '-o', 'm']);
  const { status, stdout } = await project.run(['inspect', 'm', 'fw.bin', 'update.der'], { time: later });
  assert.equal(status, 0, stdout);
  for (const line of [
    /component {5}RADIO$/m,
    /version {7}1\.2\.3$/m,
    /custom data {3}"für dich"$/m,
    /fits {10}update\.der can verify m$/m,
    /fits {10}the signature of the image in m is by the same key$/m,
    /fits {10}fw\.bin is the payload of m$/m,
  ]) {
    assert.match(stdout, line);
  }
  await project.run(['public-key', 'update.key.pem', '-o', 'point.bin']);
  const bare = await inspected(project, ['m', 'point.bin']);
  assert.deepEqual(lines(bare.result)[0], 'fits manifest.signature: point.bin can verify m');
});

describe('what does not fit together', () => {
  const cases: [
    name: string,
    prepare: (project: Project) => Promise<unknown> | unknown,
    files: string[],
    finds: RegExp,
  ][] = [
    [
      'another certificate',
      (project) => project.writeIdentity('other'),
      ['fw.manifest', 'other.der'],
      /^warning manifest\.signer\.unknown: none of the certificates and keys here can verify fw\.manifest$/m,
    ],
    [
      'a manifest that was changed',
      (project) => {
        const bytes = project.bytes('fw.manifest');
        bytes.write('X', bytes.indexOf('example'), 'latin1');
        project.write('fw.manifest', bytes);
      },
      ['fw.manifest', 'update.der'],
      /^problem manifest\.check: hash: not that of the resource$[\s\S]*^problem manifest\.signature: fw\.manifest names the certificate in update\.der, but was not signed with its key, or changed$/m,
    ],
    [
      'devices of another class',
      (project) =>
        project.run(['init', '-d', 'arm.com', '-m', 'other', '-q', '-f', '-c', 'update.der', '-k', 'update.key.pem']),
      ['fw.manifest', 'update_default_resources.c'],
      /^problem manifest\.device: a device made from update_default_resources\.c refuses fw\.manifest$/m,
    ],
    [
      'an image that is not the payload',
      (project) => project.write('fw.bin', 'other firmware'),
      ['fw.manifest', 'fw.bin'],
      /^problem manifest\.payload: fw\.bin is not the payload of fw\.manifest: 14 bytes/m,
    ],
    [
      'a manifest that only some clients take',
      (project) => project.run(['create', '-p', 'fw.bin', '-o', 'fw.manifest'], { time: usualTime }),
      ['fw.manifest', 'update_default_resources.c'],
      /^warning manifest\.device: a device made from update_default_resources\.c takes fw\.manifest with Mooring, but not with$/m,
    ],
    [
      'bytes after the end',
      (project) => project.write('fw.manifest', Buffer.concat([project.bytes('fw.manifest'), Buffer.alloc(3)])),
      ['fw.manifest'],
      /^problem manifest\.check: form: The manifest ends at byte \d+, but 3 more bytes follow$/m,
    ],
    [
      'a manifest that is cut off',
      (project) => project.write('fw.manifest', project.bytes('fw.manifest').subarray(0, 200)),
      ['fw.manifest'],
      /^problem file\.damaged: the manifest at byte 0: SEQUENCE is cut off/m,
    ],
    [
      'a certificate that is cut off',
      (project) => project.write('update.der', project.bytes('update.der').subarray(0, 300)),
      ['update.der'],
      /^problem file\.damaged: Byte 0 of the certificate: SEQUENCE is cut off/m,
    ],
    [
      'the key of another certificate',
      (project) => project.writeIdentity('other'),
      ['update.der', 'other.key.pem'],
      /^problem key\.pair: other\.key\.pem is the key of none of the certificates here$/m,
    ],
    [
      'a key that everybody can read',
      (project) => project.write('all.pem', project.bytes('update.key.pem'), 0o644),
      ['all.pem', 'update.der'],
      /^warning key\.access: every user of this machine can read it \(mode 644\): chmod 600 all\.pem$/m,
    ],
    [
      'settings and C file that have drifted apart',
      async (project) => {
        project.write('.manifest_tool.json', project.text('.manifest_tool.json').replace('4d131344', '4d131345'));
      },
      ['.'],
      /^problem settings\.drift: \.manifest_tool\.json and update_default_resources\.c have drifted apart: another class id/m,
    ],
    [
      'a certificate in the settings that devices do not have',
      async (project) => {
        project.writeIdentity('other');
        project.write('.manifest_tool.json', project.text('.manifest_tool.json').replaceAll('update.', 'other.'));
      },
      ['.'],
      /^problem settings\.drift: .* have drifted apart: another certificate/m,
    ],
    [
      'a file that the settings name and that is not there',
      (project) =>
        project.write('.manifest_tool.json', project.text('.manifest_tool.json').replace('update.key.pem', 'gone.pem')),
      ['.'],
      /^problem settings\.file: gone\.pem, which it names, is not there$/m,
    ],
    [
      'an init that was interrupted',
      (project) => project.write('.manifest_tool.unfinished', '{}'),
      ['.'],
      /^problem settings\.unfinished: an `init` was interrupted here/m,
    ],
    [
      'settings that are no JSON',
      (project) => project.write('.manifest_tool.json', '{'),
      ['.'],
      /^problem file\.damaged: JSON Decode Error: Expecting property name/m,
    ],
    [
      'a C file that was edited',
      (project) => {
        const name = 'update_default_resources.c';
        project.write(name, project.text(name).replace(/(arm_uc_default_fingerprint\[\] = {2}\{\n {4})0x\w+/, '$10x1'));
      },
      ['update_default_resources.c'],
      /^problem resources\.check: line \d+, arm_uc_default_fingerprint: it is not the SHA-256 fingerprint/m,
    ],
    [
      'two C files for different devices',
      async (project) => {
        project.write('old.c', project.bytes('update_default_resources.c'));
        await project.run([
          'init',
          '-d',
          'arm.com',
          '-m',
          'other',
          '-q',
          '-f',
          '-c',
          'update.der',
          '-k',
          'update.key.pem',
        ]);
      },
      ['old.c', 'update_default_resources.c'],
      /^warning ids\.differ: old\.c and update_default_resources\.c are for different devices: another class id/m,
    ],
  ];
  for (const [name, prepare, files, finds] of cases) {
    test(name, async (t) => {
      const project = await projectWithManifest(t);
      await prepare(project);
      const before = project.snapshot();
      const { status, result } = await inspected(project, files);
      assert.match(lines(result).join('\n'), finds);
      assert.equal(status, result.problems > 0 ? 1 : 0);
      assert.deepEqual(project.snapshot(), before, 'inspect changes nothing');
    });
  }
});

describe('validity, louder the nearer its end is', () => {
  for (const [time, weight, status] of [
    ['2028-01-01T00:00:00Z', undefined, 0],
    ['2029-06-01T00:00:00Z', 'note', 0],
    ['2029-11-01T00:00:00Z', 'warning', 0],
    ['2030-02-01T00:00:00Z', 'problem', 1],
    ['2019-12-31T00:00:00Z', 'problem', 1],
  ] as const) {
    test(`on ${time.slice(0, 10)}: ${weight ?? 'nothing'}`, async (t) => {
      const project = new Project(t);
      project.writeIdentity('update', { from: '2020-01-01', to: '2030-01-01' });
      const found = await inspected(project, ['update.der', 'update.pem'], time);
      assert.equal(found.status, status);
      for (const { findings } of found.result.files) {
        assert.deepEqual(
          findings.map((finding) => [finding.weight, finding.code]),
          weight ? [[weight, 'certificate.validity']] : [],
        );
      }
    });
  }

  test('the days that are left are in the JSON', async (t) => {
    const project = new Project(t);
    project.writeIdentity('update', { from: '2020-01-01', to: '2030-01-01' });
    const { result } = await inspected(project, ['update.der'], '2029-12-01T00:00:00Z');
    assert.equal(result.files[0]?.daysLeft, 31);
  });
});

describe('deltas and packages', () => {
  async function withDelta(t: TestContext): Promise<Project> {
    const project = new Project(t);
    const old = Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * index) % 251));
    project.write('old.bin', Buffer.concat([old, Buffer.from('PELION/BSDIFF001')]));
    project.write('new.bin', Buffer.concat([old.subarray(0, 3000), Buffer.from('new'), old.subarray(2000)]));
    const { status } = await tool(project, deltaTool, withCommand(['-c', 'old.bin', '-n', 'new.bin', '-o', 'd.bin']));
    assert.equal(status, 0);
    return project;
  }

  test('a delta with both images is applied and compared', async (t) => {
    const project = await withDelta(t);
    const { status, result } = await inspected(project, ['d.bin', 'old.bin', 'new.bin']);
    assert.equal(status, 0);
    assert.deepEqual(lines(result), [
      'fits delta.image: old.bin is the image that d.bin applies to',
      'fits delta.applied: d.bin makes the image that it promises from old.bin',
      'fits delta.image: new.bin is the image that d.bin makes',
    ]);
    assert.equal(result.files[1]?.appliesDeltas, 'PELION/BSDIFF001');
  });

  test('a delta whose content was changed', async (t) => {
    const project = await withDelta(t);
    const bytes = project.bytes('d.bin');
    bytes[bytes.length - 20] = (bytes[bytes.length - 20] as number) ^ 0xff;
    project.write('d.bin', bytes);
    const { status, result } = await inspected(project, ['d.bin', 'old.bin']);
    assert.equal(status, 1);
    assert.match(lines(result).join('\n'), /^problem delta\.applied: d\.bin (makes another image|cannot be applied)/m);
  });

  test('a delta beside the description of another one, or of none', async (t) => {
    const project = await withDelta(t);
    project.write('d.yaml', project.text('d.yaml').replace(/installed-size: \d+/, 'installed-size: 7'));
    const other = await inspected(project, ['d.bin']);
    assert.match(
      lines(other.result).join('\n'),
      /^problem delta\.metadata: the delta makes an image of \d+ bytes, d\.yaml speaks of 7/m,
    );
    project.write('alone.bin', project.bytes('d.bin'));
    const alone = await inspected(project, ['alone.bin']);
    assert.match(lines(alone.result).join('\n'), /^warning delta\.metadata: alone\.yaml is missing/m);
    assert.equal(alone.status, 0);
  });

  test('a manifest for a delta with everything that belongs to it', async (t) => {
    const project = await withDelta(t);
    project.writeIdentity('update');
    const payload = { url: 'http://a/d.bin', 'file-path': 'd.bin', format: 'arm-patch-stream' };
    project.write('c.json', JSON.stringify(configOf({ payload })));
    await project.run(['create', '-c', 'c.json', '-k', 'update.key.pem', '-v', '1.2.3', '-o', 'm']);
    const { result } = await inspected(project, ['m', 'd.bin', 'old.bin', 'new.bin', 'update.der']);
    const found = lines(result);
    for (const line of [
      'fits manifest.payload: d.bin is the payload of m',
      'fits manifest.payload: old.bin is the image that m is for',
      'fits manifest.payload: new.bin is the image that m installs',
    ]) {
      assert.ok(found.includes(line), `${line}\nin\n${found.join('\n')}`);
    }
  });

  test('a package, and which files are in it', async (t) => {
    const project = new Project(t);
    project.write('a.bin', 'first');
    project.write('b.bin', 'second');
    const image = (file: string, name: string) => ({ file_name: file, sub_comp_name: name, vendor_data: 'data' });
    project.write('c.json', JSON.stringify({ images: [image('a.bin', 'main'), image('b.bin', 'radio')] }));
    await tool(project, packageTool, ['create', '-c', 'c.json', '-o', 'p.tar']);
    const { status, result } = await inspected(project, ['p.tar', 'b.bin']);
    assert.equal(status, 0);
    assert.deepEqual(lines(result), ['fits package.image: b.bin is the image for radio in p.tar']);
    const bytes = project.bytes('p.tar');
    project.write('p.tar', bytes.subarray(0, 1500));
    const cut = await inspected(project, ['p.tar']);
    assert.equal(cut.status, 1);
    assert.match(lines(cut.result).join('\n'), /^problem file\.damaged: Byte \d+ of the package/m);
  });
});

test('the folder of manifest-dev-tool', async (t) => {
  const project = new Project(t);
  await tool(project, devTool, ['init']);
  project.write('fw.bin', 'firmware');
  await tool(project, devTool, ['create', '-u', 'http://a/fw.bin', '-p', 'fw.bin', '-o', 'm']);
  for (const folder of ['.', '.manifest-dev-tool']) {
    const { status, result } = await inspected(project, ['m', folder]);
    assert.equal(status, 0, lines(result).join('\n'));
    const found = lines(result).join('\n');
    assert.match(found, /^fits key\.pair: .*dev\.key\.pem is the key of .*dev\.cert\.der$/m);
    assert.match(
      found,
      /^fits manifest\.device: a device made from \.manifest-dev-tool\/dev\.cfg\.yaml takes m, whatever its client$/m,
    );
    if (folder === '.')
      assert.match(found, /^fits settings\.drift: .*dev\.cfg\.yaml and update_default_resources\.c say the same$/m);
  }
});

test('pre-shared keys: master key, C file and manifest, and no secret of them', async (t) => {
  const project = new Project(t);
  project.write(
    'mbed_cloud_dev_credentials.c',
    'const char MBED_CLOUD_DEV_BOOTSTRAP_ENDPOINT_NAME[] = "urn:dev:ops:1";\n',
  );
  await project.run([...quiet, '--psk']);
  project.write('fw.bin', 'firmware');
  const key = '.update-certificates/default.master.psk';
  const made = await project.run(['create', '-p', 'fw.bin', '--mac', '-k', key, '--psk-table', 'table', '-o', 'm']);
  assert.equal(made.status, 0, made.stderr);
  const { status, result } = await inspected(project, ['.', 'm']);
  const found = lines(result).join('\n');
  assert.equal(status, 0, found);
  assert.match(
    found,
    /^fits psk\.master: update_default_resources\.c was made with \.update-certificates\/default\.master\.psk$/m,
  );
  assert.match(found, /^fits psk\.master: m was made with \.update-certificates\/default\.master\.psk$/m);
  assert.ok(!JSON.stringify(result).includes(project.bytes(key).toString('hex')));
});

test('certificates that follow one another, and an encrypted key', async (t) => {
  const project = new Project(t);
  await project.run(quiet);
  await project.run(['cert', 'renew']);
  const { result } = await inspected(project, ['.']);
  assert.match(
    lines(result).join('\n'),
    /^note certificate\.related: \S+next\.der is a successor of \S+default\.der: the same key, valid for longer$/m,
  );
  project.write('locked.pem', '-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n');
  const locked = await inspected(project, ['locked.pem']);
  assert.equal(locked.result.files[0]?.protected, true);
});

describe('what cannot be shown', () => {
  test('a file that is not there is wrong usage', async (t) => {
    const { status, stderr } = await new Project(t).run(['inspect', 'nope']);
    assert.equal(status, 2);
    assert.match(stderr, /argument FILE: can't open 'nope': \[Errno 2\] No such file or directory: 'nope'/);
  });

  test('a folder that is none of settings', async (t) => {
    const project = new Project(t);
    mkdirSync(project.at('sub'));
    const { status, stderr } = await project.run(['inspect', 'sub']);
    assert.equal(status, 1);
    assert.match(stderr, /sub is not a folder of settings: .*Name the files in it/s);
  });

  test('names out of files do not steer the terminal', async (t) => {
    const project = await projectWithManifest(t);
    project.write('in.json', JSON.stringify({ description: '\u001b[31mred\n' }));
    await project.run(['create', '-p', 'fw.bin', '-i', 'in.json', '-o', 'm']);
    const { stdout } = await project.run(['inspect', 'm']);
    assert.match(stdout, /description {3}\\u\{1b\}\[31mred\\u\{a\}/);
  });
});

const source = (head: Uint8Array) => ({
  file: 'x',
  head,
  size: head.length,
  sha256: '',
  path: undefined,
  mode: undefined,
  deltaVersion: undefined,
});

test('whatever the bytes are, there is an answer', async () => {
  const starts = [
    Buffer.of(),
    Buffer.of(0x30),
    Buffer.of(0x30, 0x82),
    Buffer.from('PELION/BSDIFF001'),
    Buffer.from('-----BEGIN CERTIFICATE-----\n'),
    Buffer.from('const uint8_t arm_uc_vendor_id[] = {'),
  ];
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...starts), fc.uint8Array({ maxLength: 300 }), async (start, rest) => {
      const { findings } = await recognise(source(Buffer.concat([start, rest])), new Date(usualTime));
      assert.ok(findings);
    }),
    { numRuns: 3000 },
  );
});

const missing = existsSync(vectors) ? false : `NOT RUN: there is no folder ${vectors}`;

test('every file of the golden vectors is known for what it is', { skip: missing }, async () => {
  const kinds = new Map<string, number>();
  for (const entry of globSync('*/*/{in,out}/**/*', { cwd: vectors, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const { kind } = await recognise(source(readFileSync(join(entry.parentPath, entry.name))), new Date('2024-01-01'));
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    if (/\.der$/.test(entry.name) && entry.name !== '_desc_.der') assert.equal(kind, 'certificate', entry.name);
    if (entry.name === 'delta.bin') assert.equal(kind, 'delta', entry.name);
    if (entry.name === 'pkg.tar') assert.equal(kind, 'package', entry.name);
    if (/^update_default_resources\.c$/.test(entry.name)) assert.equal(kind, 'update-resources', entry.parentPath);
  }
  assert.ok((kinds.get('manifest') ?? 0) > 80, JSON.stringify([...kinds]));
});
