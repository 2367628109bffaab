import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { Bench, untouched } from './bench.ts';

/** Ways to name the file `secret` beside the root folder, or the folder that both are in. */
function escapes(bench: Bench): Record<string, string> {
  const { surroundings } = bench;
  return {
    'dots from the root': '/../secret',
    'many dots': '/../../../../../../../../../../../../../../etc/passwd',
    'dots after a folder': '/scratch/../../secret',
    'dots from the current folder': '../../../secret',
    'dots after nothing': '/nosuch/../../secret',
    'dots after a file': '/etc/hostname/../../../secret',
    'the path on this machine': join(surroundings, 'secret'),
    'the path on this machine from above': `/..${join(surroundings, 'secret')}`,
    'a link to a file': '/tmp/link',
    'a link to a file as a folder': '/tmp/link/',
    'a link upwards': '/tmp/up/secret',
    'a link upwards and on': `/tmp/up${join(surroundings, 'secret')}`,
    'dots after a link': '/tmp/up/../../secret',
    'double slashes': '//..//../secret',
    'a backslash': '..\\..\\secret',
    'a line feed': '../\n/../../secret',
    'a sign of another alphabet': '/․․/secret',
    'percent signs': '/%2e%2e/secret',
  };
}

const attempts: Record<string, (path: string) => string> = {
  cat: (path) => `cat '${path}'`,
  redirect: (path) => `echo evil > '${path}'`,
  append: (path) => `echo evil >> '${path}'`,
  read: (path) => `cat < '${path}'`,
  rm: (path) => `rm -rf '${path}'`,
  'rm of the folder around': (path) => `rm -rf '${path}/..' '${path}/../..'`,
  'mv away': (path) => `mv '${path}' /scratch/taken; cat /scratch/taken`,
  'mv onto': (path) => `echo evil > x; mv x '${path}'`,
  'cp from': (path) => `cp -r '${path}' /scratch/copy; cat /scratch/copy`,
  'cp onto': (path) => `echo evil > x; cp x '${path}'`,
  touch: (path) => `touch '${path}' '${path}.new'`,
  mkdir: (path) => `mkdir -p '${path}/x' '${path}.folder'`,
  chmod: (path) => `chmod 777 '${path}'; chmod -R 777 '${path}/..'`,
  tee: (path) => `echo evil | tee '${path}'`,
  cd: (path) => `cd '${path}'; cd '${path}/..'; cat secret; echo evil > secret`,
  glob: (path) => `cat '${path}'* '${path}'/../*; echo '${path}'/../*`,
  grep: (path) => `grep -F touched '${path}'`,
  du: (path) => `du -a '${path}/..'`,
  'scp from': (path) => `scp -r -f '${path}'`,
  'scp to': (path) => `scp -t '${path}'`,
  'scp to a name with dots': (path) => `cd /; scp -r -t '${path}/..'`,
  run: (path) => `'${path}'; sh '${path}'`,
};

test('no command reads or changes anything outside the folder, whatever the path', async (t) => {
  for (const [attempt, lineOf] of Object.entries(attempts)) {
    await t.test(attempt, async (t) => {
      const bench = await Bench.make(t);
      for (const [way, path] of Object.entries(escapes(bench))) {
        const input = attempt.startsWith('scp from')
          ? '\0\0\0'
          : 'C0644 4 secret\nevil\0D0755 0 ..\nC0644 4 secret\nevil\0';
        const ran = await bench.run(lineOf(path), input);
        assert.deepEqual(await bench.around(), untouched, `${attempt}: ${way}`);
        assert.doesNotMatch(`${ran.stdout}${ran.stderr}`, /untouched/, `${attempt}: ${way}`);
        assert.notEqual(ran.status, 125, `${attempt}: ${way}: ${ran.stderr}`);
      }
    });
  }
});

test('links mean on the device what they would mean there', async (t) => {
  const bench = await Bench.make(t);
  assert.equal((await bench.run('cd /tmp/up; pwd')).stdout, '/\n');
  assert.match((await bench.run('ls -l /tmp')).stdout, /^lrwx.* link -> .*\/secret$/m);
  assert.equal((await bench.run('cat /tmp/link')).stderr, 'cat: /tmp/link: No such file or directory\n');
  await bench.run(`mkdir -p '${bench.surroundings}'; echo inside > '${join(bench.surroundings, 'secret')}'`);
  assert.equal((await bench.run('cat /tmp/link')).stdout, 'inside\n');
  assert.deepEqual(await bench.around(), untouched);
});

test('links in a circle end', async (t) => {
  const bench = await Bench.make(t);
  const { symlink } = await import('node:fs/promises');
  await symlink('b', join(bench.device.root.host, 'tmp', 'a'));
  await symlink('a', join(bench.device.root.host, 'tmp', 'b'));
  assert.equal((await bench.run('cat /tmp/a')).stderr, 'cat: /tmp/a: Too many levels of symbolic links\n');
});

test('the root folder itself stays', async (t) => {
  const bench = await Bench.make(t);
  assert.equal((await bench.run('rm -rf /')).status, 1);
  assert.equal((await bench.run('rm -rf /tmp/up/')).status, 1);
  assert.match((await bench.run('mv / /scratch/x')).stderr, /cannot move/);
  assert.equal((await bench.run('rm -rf /*; ls -a /')).stdout, '.\n..\n');
  assert.deepEqual(await bench.around(), untouched);
});

const pieces = fc.oneof(
  fc.constantFrom(
    'echo',
    'cat',
    'rm -rf',
    'mv',
    'cp -r',
    'mkdir -p',
    'touch',
    'ls -la',
    'cd',
    'sh -c',
    'test',
    '[',
    'head',
    'tail -n',
    'grep',
    'tee',
    'chmod',
    'stat -c %n',
    'du',
    'df',
    'scp -t',
    'scp -r -t',
    'scp -f',
    'printf',
    'exit',
    'env',
    'which',
    'for f in',
    'do',
    'done',
    'if',
    'then',
    'else',
    'fi',
    'umask',
    'readlink -f',
    'export',
    'wc',
    'systemctl',
    'date',
    ';',
    '&&',
    '||',
    '|',
    '>',
    '>>',
    '<',
    '2>&1',
    '2>',
    '(',
    ')',
    '$(',
    '"',
    "'",
    '\\',
    '*',
    '?',
    '[!a]',
    '..',
    '../..',
    '/',
    '/tmp/link',
    '/tmp/up',
    '~',
    '$?',
    '$HOME',
    '$',
    '\n',
    '#',
    '!',
    '=',
    'A=1',
    '&',
    '`',
    '{',
    '}',
    '-',
    '--',
    '\0',
    '\u{1f600}',
    '%s',
    ' ',
  ),
  fc.string({ maxLength: 5 }),
);

test('fuzz: any command line ends, with a status, and stays in the folder', async (t) => {
  const bench = await Bench.make(t);
  await fc.assert(
    fc.asyncProperty(fc.array(pieces, { maxLength: 14 }), fc.string({ maxLength: 40 }), async (words, input) => {
      // A sleeping command would only cost time.
      const line = words.join(words.length % 2 === 0 ? ' ' : '').replaceAll('sleep', 'true');
      const { status, stderr } = await bench.run(line, input);
      assert.ok(Number.isInteger(status) && status >= 0 && status <= 255, line);
      assert.notEqual(status, 125, `${line}\n${stderr}`);
      assert.doesNotMatch(stderr, /virtual device has a fault/, line);
      // Paths of this machine are nothing that a device knows.
      if (!line.includes(bench.surroundings)) assert.ok(!stderr.includes(bench.surroundings), stderr);
    }),
    { numRuns: 1500 },
  );
  assert.deepEqual(await bench.around(), untouched);
  assert.equal(await readFile(join(bench.surroundings, 'secret'), 'utf8'), 'untouched');
});
