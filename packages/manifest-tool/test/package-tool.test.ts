import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { readPackage, readTar } from '@mooring/manifest';
import { type Io, runProgram } from '@mooring/terminal';
import { program as packageTool } from '../src/package-tool/program.ts';
import { Project } from './project.ts';
import { replayGroup } from './replay.ts';

const program = (argv: readonly string[], io: Io) => runProgram(packageTool, argv, io);

replayGroup('v2-package: manifest-package-tool of 2.6.2', {
  group: 'v2-package',
  programs: { 'manifest-package-tool': program },
  compareFile: (ours, theirs, file) => {
    if (!file.endsWith('.tar')) return;
    const [mine, old] = [readTar(ours), readTar(theirs)];
    assert.deepEqual(
      mine.map(({ name, data }) => [name, Buffer.from(data)]),
      old.map(({ name, data }) => [name, Buffer.from(data)]),
    );
    assert.equal(ours.length, theirs.length);
  },
  deviations: {
    '03-errors 5': {
      because: 'a device would find one of two images only',
      status: 1,
      instead: /"a" .* is there twice/,
    },
  },
});

function folder(t: TestContext): Project {
  const project = new Project(t);
  project.write('a.bin', 'first');
  project.write('b.bin', 'second');
  project.write('p.tar', 'package of earlier');
  return project;
}

type Entry = Record<string, unknown>;
const entry = (name: string, more: Entry = {}): Entry => ({
  file_name: `${name}.bin`,
  sub_comp_name: name,
  vendor_data: 'v',
  ...more,
});
const config = (project: Project, images: readonly Entry[]) => project.write('c.json', JSON.stringify({ images }));
const create = ['create', '-c', 'c.json', '-o', 'p.tar'];

async function refused(project: Project, argv: readonly string[], status: number, said: RegExp): Promise<void> {
  const before = project.snapshot();
  const outcome = await project.run(argv, { program });
  assert.equal(outcome.status, status, outcome.screen);
  assert.match(outcome.screen, said);
  assert.deepEqual(project.snapshot(), before);
}

test('--json of create and parse', async (t) => {
  const project = folder(t);
  config(project, [entry('a'), entry('b', { vendor_data: 'ö' })]);
  const made = JSON.parse((await project.run([...create, '--json'], { program })).stdout);
  assert.deepEqual(made.images, [
    { name: 'a', size: 5 },
    { name: 'b', size: 6 },
  ]);
  const read = JSON.parse((await project.run(['parse', '-p', 'p.tar', '--json'], { program })).stdout);
  assert.deepEqual(read.images, [
    { name: 'a', vendorData: '76', size: 5 },
    { name: 'b', vendorData: 'f6', size: 6 },
  ]);
});

test('vendor data is shown as Python shows bytes', async (t) => {
  const project = folder(t);
  config(project, [entry('a', { vendor_data: "it's\n\\\u007fö" }), entry('b', { vendor_data: '\'"' })]);
  await project.run(create, { program });
  const { stdout } = await project.run(['parse', '-p', 'p.tar'], { program });
  assert.match(stdout, /\('vendor-data', b"it's\\n\\\\\\x7f\\xf6"\)/);
  assert.match(stdout, /\('vendor-data', b'\\'"'\)/);
});

describe('weak spots of manifest-package-tool 2.6.2', () => {
  const failures: Record<string, [images: Entry[], said: RegExp]> = {
    'one image only': [[entry('a')], /\] is too short/],
    'a missing file': [[entry('a'), entry('nope')], /\[Errno 2\] No such file or directory: 'nope\.bin'/],
    'a letter that vendor data cannot hold': [
      [entry('a'), entry('b', { vendor_data: 'a €' })],
      /Can't encode string '€' with 'iso-8859-1' codec[\s\S]*vendor_data of b/,
    ],
    'vendor data that is a number': [[entry('a'), entry('b', { vendor_data: 12 })], /12 is not of type 'string'/],
  };
  for (const [what, [images, said]] of Object.entries(failures)) {
    test(`outputs are not truncated by a failure: ${what}`, async (t) => {
      const project = folder(t);
      config(project, images);
      await refused(project, create, 1, said);
    });
  }

  test('the package does not overwrite an image or the config', async (t) => {
    const project = folder(t);
    config(project, [entry('a'), entry('b')]);
    await refused(project, ['create', '-c', 'c.json', '-o', 'a.bin'], 2, /"a\.bin" would be written over/);
    await refused(project, ['create', '-c', 'c.json', '-o', './c.json'], 2, /would be written over/);
  });

  test('-a is not ignored: images start at its multiples', async (t) => {
    const project = folder(t);
    config(project, [entry('a'), entry('b')]);
    assert.equal((await project.run([...create, '-a', '4096'], { program })).status, 0);
    const [, ...images] = readTar(project.bytes('p.tar'));
    assert.deepEqual(
      images.map(({ offset }) => offset % 4096),
      [0, 0],
    );
    assert.equal((await project.run(['parse', '-p', 'p.tar'], { program })).status, 0);
  });

  for (const value of ['0', '-4', 'x', '1.5']) {
    test(`-a ${value} is wrong usage`, async (t) => {
      const project = folder(t);
      config(project, [entry('a'), entry('b')]);
      await refused(project, [...create, `-a=${value}`], 2, /is an invalid alignment value, should be >0/);
    });
  }

  test('duplicate names are refused, and the name of the descriptor', async (t) => {
    const project = folder(t);
    config(project, [entry('a'), entry('b', { sub_comp_name: 'a' })]);
    await refused(project, create, 1, /"a" .* is there twice/);
    config(project, [entry('a'), entry('b', { sub_comp_name: '_desc_' })]);
    await refused(project, create, 1, /"_desc_" .* is that of the descriptor/);
  });

  test('a name that ends in a line end is refused', async (t) => {
    const project = folder(t);
    config(project, [entry('a'), entry('b', { sub_comp_name: 'b\n' })]);
    await refused(project, create, 1, /does not match/);
  });

  test('a name that devices have no room for is pointed out', async (t) => {
    const project = folder(t);
    config(project, [entry('a', { sub_comp_name: 'nine_long' }), entry('b', { sub_comp_name: 'eightlen' })]);
    const { status, stderr } = await project.run(create, { program });
    assert.equal(status, 0);
    assert.match(stderr, /nine_long/);
    assert.doesNotMatch(stderr, /eightlen/);
  });

  test('the same images give the same package, whatever the times and modes of the files', async (t) => {
    const project = folder(t);
    config(project, [entry('a'), entry('b')]);
    await project.run(create, { program });
    const first = project.bytes('p.tar');
    const { chmodSync, utimesSync } = await import('node:fs');
    utimesSync(project.at('a.bin'), 1, 1);
    chmodSync(project.at('b.bin'), 0o600);
    await project.run(create, { program });
    assert.deepEqual(project.bytes('p.tar'), first);
  });

  test('parse checks the sizes: an image that is shorter than described', async (t) => {
    const project = folder(t);
    config(project, [entry('a'), entry('b')]);
    await project.run(create, { program });
    // The size in the descriptor of b goes from 6 to 7.
    const bytes = project.bytes('p.tar');
    const { offset = 0, data = Buffer.alloc(0) } = readTar(bytes)[0] ?? {};
    assert.equal(bytes[offset + data.length - 1], 6);
    bytes[offset + data.length - 1] = 7;
    project.write('p.tar', bytes);
    const { status, stdout } = await project.run(['parse', '-p', 'p.tar'], { program });
    assert.equal(status, 1);
    assert.match(stdout, /ERROR .*"b" is described with 7 bytes and has 6\.\n$/);
    assert.throws(() => readPackage(bytes), { code: 'package.mismatch' });
  });

  test('an archive without a descriptor is named as such, and no Python fault', async (t) => {
    const project = folder(t);
    project.write('zero.tar', new Uint8Array(10240));
    const { status, stdout } = await project.run(['parse', '-p', 'zero.tar'], { program });
    assert.equal(status, 1);
    assert.match(stdout, /ERROR The package does not start with its descriptor \(_desc_\)\.\n$/);
  });

  test('a file that is no archive has one line of error, and no empty second one', async (t) => {
    const { status, stdout } = await folder(t).run(['parse', '-p', 'a.bin'], { program });
    assert.equal(status, 1);
    assert.match(stdout, /INFO a\.bin\n[^\n]* ERROR Package\u00a0tool\u00a0supports\u00a0only\u00a0tar\u00a0format\n$/);
  });

  test('names in a package do not write lines of their own into the log', async (t) => {
    const project = folder(t);
    config(project, [entry('a'), entry('b')]);
    await project.run(create, { program });
    const bytes = project.bytes('p.tar');
    const { offset = 0 } = readTar(bytes)[1] ?? {};
    bytes[offset - 512] = 0x0a;
    const sum = bytes
      .subarray(offset - 512, offset)
      .reduce((all, byte, at) => all + (at >= 148 && at < 156 ? 32 : byte), 0);
    bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, offset - 512 + 148, 'latin1');
    project.write('p.tar', bytes);
    const { status, stdout } = await project.run(['parse', '-p', 'p.tar'], { program });
    assert.equal(status, 1);
    assert.match(stdout, /File name : \\u\{a\}\n/);
  });
});
