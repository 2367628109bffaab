import assert from 'node:assert/strict';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeLine, encodeLine, ScpFault } from '../src/device/scp/wire.ts';
import { Bench, untouched } from './bench.ts';

const ok = '\0';

test('lines of the protocol', () => {
  assert.deepEqual(decodeLine(Buffer.from('C0644 5 a b.bin')), { kind: 'file', mode: 0o644, size: 5, name: 'a b.bin' });
  assert.deepEqual(decodeLine(Buffer.from('D0755 0 d')), { kind: 'folder', mode: 0o755, name: 'd' });
  assert.deepEqual(decodeLine(Buffer.from('T17 0 18 0')), { kind: 'times', modified: 17, accessed: 18 });
  assert.deepEqual(decodeLine(Buffer.from('E')), { kind: 'leave' });
  assert.equal(encodeLine({ kind: 'file', mode: 0o100600, size: 0, name: 'f' }), 'C0600 0 f\n');
  for (const bad of [
    '',
    'X',
    'C644 5 f',
    'C0644 -5 f',
    'C0644 5',
    'C0644 5 ..',
    'D0755 0 a/b',
    'C0644 1 /x',
    'T1',
    'Ex',
  ]) {
    assert.throws(() => decodeLine(Buffer.from(bad)), ScpFault, bad);
  }
});

test('takes a folder with files, as two uploads of mbl-cli send it', async (t) => {
  const bench = await Bench.make(t);
  await bench.run('mkdir -p /scratch/provisioning-certs');
  const ran = await bench.run(
    'scp -r -t /scratch/provisioning-certs',
    'D0755 0 CERT\nC0600 3 a.bin\nabc\0C0644 0 b.bin\n\0E\n',
  );
  assert.deepEqual(ran, { status: 0, stdout: ok.repeat(7), stderr: '' });
  const folder = join(bench.device.root.host, 'scratch/provisioning-certs/CERT');
  assert.equal(await readFile(join(folder, 'a.bin'), 'utf8'), 'abc');
  assert.equal((await stat(join(folder, 'a.bin'))).mode & 0o777, 0o600);
});

test('a target that is not there becomes the file, a folder takes it under its name', async (t) => {
  const bench = await Bench.make(t);
  await bench.run('scp -t /scratch/new', 'C0644 1 f\na\0');
  await bench.run('scp -p -t /scratch', 'T1700000000 0 1700000000 0\nC0644 1 g\nb\0');
  assert.equal((await bench.run('cat /scratch/new /scratch/g; stat -c %Y /scratch/g')).stdout, 'ab1700000000\n');
});

test('a shorter file replaces a longer one whole', async (t) => {
  const bench = await Bench.make(t);
  await bench.run('echo long content > /scratch/f');
  await bench.run('scp -t /scratch/f', 'C0644 1 f\na\0');
  assert.equal((await bench.run('cat /scratch/f')).stdout, 'a');
});

const refusals: { name: string; line: string; input: string; answer: RegExp; faults?: object }[] = [
  {
    name: 'no such folder',
    line: 'scp -t /nodir/x',
    input: 'C0644 1 x\n',
    answer: /^\0\x01scp: \/nodir\/x: No such file or directory\n$/,
  },
  {
    name: 'a folder without -r',
    line: 'scp -t /scratch',
    input: 'D0755 0 d\n',
    answer: /received directory without -r/,
  },
  {
    name: 'a name that leads up',
    line: 'scp -r -t /scratch',
    input: 'D0755 0 ..\nC0644 1 x\na\0E\n',
    answer: /unexpected filename/,
  },
  { name: 'a name with a slash', line: 'scp -t /scratch', input: 'C0644 1 ../x\na\0', answer: /unexpected filename/ },
  {
    name: 'a read-only partition',
    line: 'scp -t /scratch',
    input: 'C0644 1 x\n',
    answer: /scp: \/scratch\/x: Read-only file system/,
    faults: { readOnly: ['/scratch'] },
  },
  {
    name: 'a full partition',
    line: 'scp -t /scratch',
    input: 'C0644 5 x\nabcde\0',
    answer: /^\0\0\x01scp: \/scratch\/x: No space left on device\n$/,
    faults: { freeSpace: { '/scratch': 4 } },
  },
  { name: 'not a folder', line: 'scp -d -t /etc/hostname', input: '', answer: /Not a directory/ },
  { name: 'the end within a file', line: 'scp -t /scratch', input: 'C0644 5 x\nab', answer: /ended within a file/ },
  {
    name: 'no such file',
    line: 'scp -f /scratch/nofile',
    input: ok,
    answer: /^\x01scp: \/scratch\/nofile: No such file or directory\n$/,
  },
  {
    name: 'a folder to send without -r',
    line: 'scp -f /scratch',
    input: ok,
    answer: /^\x01scp: \/scratch: not a regular file\n$/,
  },
];
for (const { name, line, input, answer, faults } of refusals) {
  test(`refuses: ${name}`, async (t) => {
    const bench = await Bench.make(t);
    await bench.run('echo x > /etc/hostname');
    Object.assign(bench.device.faults, faults);
    const ran = await bench.run(line, input);
    assert.equal(ran.status, 1);
    assert.match(ran.stdout, answer);
    assert.deepEqual(await bench.around(), untouched);
  });
}

test('gives a file and a folder', async (t) => {
  const bench = await Bench.make(t);
  const folder = join(bench.device.root.host, 'scratch/d');
  await mkdir(folder, { mode: 0o755 });
  await writeFile(join(folder, 'f'), 'content', { mode: 0o640 });
  assert.deepEqual(await bench.run('scp -f /scratch/d/f', ok.repeat(3)), {
    status: 0,
    stdout: `C0640 7 f\ncontent${ok}`,
    stderr: '',
  });
  assert.equal((await bench.run('scp -r -f /scratch/d', ok.repeat(5))).stdout, `D0755 0 d\nC0640 7 f\ncontent${ok}E\n`);
  assert.equal((await bench.run('scp -r -f /scratch/d', `${ok}\x01no thanks\n`)).status, 1);
});

const pieces = fc.oneof(
  fc.constantFrom(
    'C0644 3 f\n',
    'D0755 0 d\n',
    'E\n',
    'T1 0 1 0\n',
    'abc',
    ok,
    '\x01x\n',
    '\x02y\n',
    'C0644 99999999999999 g\n',
    'D0000 0 z\n',
    'C0777 0 ..\n',
    'C0644 1 a/b\n',
    '\n',
  ),
  fc.string({ maxLength: 6 }),
);

test('fuzz: any bytes to scp end in a status, and nothing leaves the folder', async (t) => {
  const bench = await Bench.make(t);
  const lines = [
    'scp -t /scratch',
    'scp -r -t /scratch',
    'scp -r -p -t /scratch/n',
    'scp -r -t /tmp/up',
    'scp -t /tmp/link',
    'scp -f /etc/build',
    'scp -r -p -f /',
  ];
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...lines), fc.array(pieces, { maxLength: 12 }), async (line, input) => {
      const { status, stderr } = await bench.run(line, input.join(''));
      assert.ok(status === 0 || status === 1 || status === 141, `${line}: ${status} ${stderr}`);
    }),
    { numRuns: 500 },
  );
  assert.deepEqual(await bench.around(), untouched);
});
