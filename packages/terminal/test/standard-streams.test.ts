// What a command reads and writes where its streams are files, pipes and devices: each in a process of its own.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

const folder = mkdtempSync(join(tmpdir(), 'standard-streams-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const io = JSON.stringify(join(import.meta.dirname, '../src/io.ts'));

/** Runs a body that has `io`, with the shell's redirections behind it. */
function shell(body: string, line: (command: string) => string, name = 'script.ts') {
  writeFileSync(join(folder, name), `import { processIo } from ${io};\nconst io = processIo();\n${body}\n`);
  const command = `${process.execPath} ${join(folder, name)}`;
  return spawnSync('bash', ['-o', 'pipefail', '-c', line(command)], { cwd: folder, encoding: 'utf8' });
}

const both = `io.stdout.write('one ä\\n'); io.stderr.write('two\\n'); io.stdout.write(Buffer.from('three\\n'));
  io.stdout.write('four\\n', () => io.stderr.write('five\\n'));`;

test('both outputs in one file stand in the order of writing', () => {
  for (const redirection of ['> out 2>&1', '>> out 2>> out', '2>&1 | cat > out']) {
    rmSync(join(folder, 'out'), { force: true });
    assert.equal(shell(both, (command) => `${command} ${redirection}`).status, 0);
    assert.equal(readFileSync(join(folder, 'out'), 'utf8'), 'one ä\ntwo\nthree\nfour\nfive\n', redirection);
  }
});

test('a megabyte comes whole through a pipe whose reader is slow, also one that does not wait', () => {
  const body = `const big = Buffer.alloc(1 << 20, 'x'); io.stdout.write(big); io.stdout.write('end');
    await new Promise((done) => io.stdout.write('.', done));`;
  const plain = shell(body, (command) => `${command} | (sleep 0.3; wc -c)`);
  assert.equal(plain.stdout.trim(), String((1 << 20) + 4), plain.stderr);
  const unblocked = `import os, subprocess, sys, time
r, w = os.pipe(); os.set_blocking(w, False)
p = subprocess.Popen(sys.argv[1:], stdout=w); os.close(w); time.sleep(0.5)
n = 0
while (b := os.read(r, 65536)): n += len(b)
print(n, p.wait())`;
  writeFileSync(join(folder, 'unblocked.py'), unblocked);
  const other = shell(body, (command) => `python3 unblocked.py ${command}`);
  assert.equal(other.stdout.trim(), `${(1 << 20) + 4} 0`, other.stderr);
});

test('a reader that has gone is no failure, unless somebody asks', () => {
  const quiet = shell(
    `for (let line = 0; line < 100_000; line++) io.stdout.write('line\\n');`,
    (c) => `${c} | head -n1`,
  );
  assert.deepEqual([quiet.stdout, quiet.stderr, quiet.status], ['line\n', '', 0]);
  const asked = shell(
    `setTimeout(() => io.stdout.write('x', (error) => io.stderr.write(String(error?.code) + '\\n')), 200);`,
    (command) => `${command} | true`,
  );
  assert.equal(asked.stderr, 'file.failed\n');
});

const writing = `try { io.stdout.write('x'); } catch (error) { io.stderr.write(error.message + '\\n'); process.exitCode = 1; }`;

test('a device that takes nothing is told', { skip: !existsSync('/dev/full') && 'there is no /dev/full' }, () => {
  const { status, stderr } = shell(writing, (command) => `${command} > /dev/full`);
  assert.match(stderr, /^standard output could not be written: the disk is full\.\n$/);
  assert.equal(status, 1);
});

const mounting = 'mkdir -p full && mount -t tmpfs -o size=4k none full && head -c 4096 /dev/zero > full/x';
const mounts = spawnSync('unshare', ['-m', 'bash', '-c', mounting], { cwd: folder }).status === 0;

test('a full disk is told', { skip: !mounts && 'only root can mount' }, () => {
  const { status, stderr } = shell(writing, (command) => `unshare -m bash -c '${mounting} && ${command} > full/y'`);
  assert.match(stderr, /^standard output could not be written: the disk is full\.\n$/);
  assert.equal(status, 1);
});

test('standard input is the same from a file, a pipe and nothing', () => {
  const body = `let text = ''; for await (const piece of io.stdin) text += piece; io.stdout.write(text.length + ' ' + (io.stdin.isTTY === true));`;
  writeFileSync(join(folder, 'in'), 'x'.repeat(200_000));
  for (const [line, expected] of [
    [(command: string) => `${command} < in`, '200000 false'],
    [(command: string) => `cat in | ${command}`, '200000 false'],
    [(command: string) => `${command} < /dev/null`, '0 false'],
    [(command: string) => `${command} <&-`, '0 false'],
  ] as const) {
    assert.equal(shell(body, line).stdout, expected, line(''));
  }
});
