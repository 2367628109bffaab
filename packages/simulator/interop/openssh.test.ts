// OpenSSH's own ssh, scp (both protocols) and sftp against the virtual device.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { missing } from '../../../test/peers/missing.ts';
import { temporaryFolder } from '../test/bench.ts';
import { device } from '../test/client.ts';

const skip = missing(['ssh', 'scp', 'sftp'], 'openssh-client');

const settings = [
  'StrictHostKeyChecking=yes',
  'BatchMode=yes',
  'LogLevel=ERROR',
  'GlobalKnownHostsFile=/dev/null',
  'IdentityAgent=none',
];

interface Ran {
  status: number | null;
  stdout: string;
  stderr: string;
}

function run(program: string, words: readonly string[], input = ''): Promise<Ran> {
  const child = spawn(program, words, { stdio: 'pipe' });
  const texts = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (texts.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (texts.stderr += chunk.toString()));
  child.stdin.on('error', () => undefined).end(input);
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, ...texts })));
}

/** A device with the options that make the clients know its key, and a folder of this machine to copy from and to. */
async function setting(t: TestContext) {
  const around = await temporaryFolder(t);
  const target = await device(t, { root: join(around, 'root') });
  const local = await temporaryFolder(t);
  const knownHosts = join(local, 'known_hosts');
  await writeFile(knownHosts, `[127.0.0.1]:${target.port} ${target.hostKey}\n`);
  const options = [...settings, `UserKnownHostsFile=${knownHosts}`].flatMap((option) => [
    '-F',
    '/dev/null',
    '-o',
    option,
  ]);
  return {
    target,
    around,
    local,
    ssh: (command: string, input?: string) =>
      run('ssh', [...options, '-p', `${target.port}`, 'root@127.0.0.1', command], input),
    terminal: (input: string) => run('ssh', [...options, '-tt', '-p', `${target.port}`, 'root@127.0.0.1'], input),
    scp: (...words: string[]) => run('scp', [...options, '-P', `${target.port}`, ...words]),
    sftp: (lines: string) => run('sftp', [...options, '-P', `${target.port}`, '-b', '-', 'root@127.0.0.1'], lines),
  };
}

test('ssh: a command, its streams and status', { skip }, async (t) => {
  const { ssh } = await setting(t);
  assert.deepEqual(await ssh('cat; echo err >&2; exit 9', 'in'), { status: 9, stdout: 'in', stderr: 'err\n' });
  assert.equal((await ssh('sh -l -c "echo $HOME"')).stdout, '/home/root\n');
});

test('ssh: an interactive shell', { skip }, async (t) => {
  const { terminal, target } = await setting(t);
  const ran = await terminal('cd /scratch\npwd\nexit 5\n');
  assert.equal(ran.status, 5);
  assert.equal(
    ran.stdout,
    `root@${target.hostname}:~# cd /scratch\r\nroot@${target.hostname}:/scratch# pwd\r\n/scratch\r\n` +
      `root@${target.hostname}:/scratch# exit 5\r\n`,
  );
});

for (const [protocol, words] of [
  ['SFTP', []],
  ['the old protocol', ['-O']],
] as const) {
  test(`scp over ${protocol}: files and folders, there and back`, { skip }, async (t) => {
    const { scp, ssh, local } = await setting(t);
    await mkdir(join(local, 'd/inner'), { recursive: true });
    await writeFile(join(local, 'd/a.bin'), Buffer.alloc(1_000_000, 'abc'));
    await writeFile(join(local, 'd/inner/b c.bin'), 'b');
    await chmod(join(local, 'd/inner/b c.bin'), 0o600);
    assert.deepEqual(await scp(...words, '-r', join(local, 'd'), 'root@127.0.0.1:/scratch'), {
      status: 0,
      stdout: '',
      stderr: '',
    });
    assert.equal(
      (await ssh('stat -c "%a %s" "/scratch/d/inner/b c.bin"; ls /scratch/d')).stdout,
      '600 1\na.bin\ninner\n',
    );
    assert.equal((await scp(...words, '-r', 'root@127.0.0.1:/scratch/d', join(local, 'back'))).status, 0);
    assert.deepEqual((await readdir(join(local, 'back'), { recursive: true })).sort(), [
      'a.bin',
      'inner',
      'inner/b c.bin',
    ]);
    assert.ok((await readFile(join(local, 'back/a.bin'))).equals(await readFile(join(local, 'd/a.bin'))));
    assert.equal((await stat(join(local, 'back/inner/b c.bin'))).mode & 0o777, 0o600);
  });

  test(`scp over ${protocol}: what cannot be is refused`, { skip }, async (t) => {
    const { scp, local, around, target } = await setting(t);
    await writeFile(join(around, 'secret'), 'untouched');
    await symlink(join(around, 'secret'), join(target.root, 'tmp/link'));
    const file = join(local, 'f');
    await writeFile(file, 'evil');
    const missingFile = await scp(...words, 'root@127.0.0.1:/scratch/nofile', local);
    assert.notEqual(missingFile.status, 0);
    assert.match(missingFile.stderr, /No such file or directory/);
    assert.notEqual((await scp(...words, file, 'root@127.0.0.1:/nodir/x')).status, 0);
    for (const path of ['/tmp/link', '/../secret', join(around, 'secret')]) {
      await scp(...words, file, `root@127.0.0.1:${path}`);
      assert.equal(await readFile(join(around, 'secret'), 'utf8'), 'untouched', path);
    }
    assert.deepEqual(await readdir(around), ['root', 'secret']);
  });
}

test('sftp: a batch', { skip }, async (t) => {
  const { sftp, local } = await setting(t);
  await writeFile(join(local, 'f'), 'content');
  const ran = await sftp(
    [
      'pwd',
      'mkdir /scratch/d',
      `put ${local}/f /scratch/d/g`,
      'rename /scratch/d/g /scratch/d/h',
      'chmod 600 /scratch/d/h',
      'ls -l /scratch/d',
      `get /scratch/d/h ${local}/back`,
      'rm /scratch/d/h',
      'rmdir /scratch/d',
      'ls /scratch',
    ].join('\n'),
  );
  assert.equal(ran.status, 0, ran.stderr);
  assert.match(ran.stdout, /Remote working directory: \/home\/root/);
  assert.match(ran.stdout, /-rw------- +1 root +root +7 /);
  assert.equal(await readFile(join(local, 'back'), 'utf8'), 'content');
});
