import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Pipe } from '../src/device/shell/pipe.ts';
import { Bench } from './bench.ts';

interface Case {
  name: string;
  line: string;
  input?: string;
  stdout?: string;
  stderr?: string;
  status?: number;
}

const cases: Case[] = [
  { name: 'words', line: 'echo a  b', stdout: 'a b\n' },
  { name: 'single quotes', line: `echo 'a  "b" $HOME'`, stdout: 'a  "b" $HOME\n' },
  { name: 'double quotes', line: 'echo "a  $HOME \\" \\$x \\n"', stdout: 'a  /home/root " $x \\n\n' },
  { name: 'backslash', line: 'echo a\\ \\ b\\;c', stdout: 'a  b;c\n' },
  { name: 'an empty argument', line: `printf '<%s>' '' "" x`, stdout: '<><><x>' },
  { name: 'one after the other', line: 'echo a; echo b', stdout: 'a\nb\n' },
  { name: 'newlines', line: 'echo a\n\necho b\n', stdout: 'a\nb\n' },
  { name: 'a comment', line: 'echo a # b; echo c\necho d#e', stdout: 'a\nd#e\n' },
  { name: 'and', line: 'true && echo yes; false && echo no; echo $?', stdout: 'yes\n1\n' },
  { name: 'or', line: 'false || echo yes; true || echo no; false || true && echo both', stdout: 'yes\nboth\n' },
  { name: 'not', line: '! false; echo $?; ! true; echo $?', stdout: '0\n1\n' },
  { name: 'exit status of the last command', line: 'echo a; false', stdout: 'a\n', status: 1 },
  { name: 'exit with a status', line: 'exit 7; echo never', status: 7 },
  { name: 'exit takes the last status', line: 'false; exit', status: 1 },
  { name: 'exit status is a byte', line: 'exit 257', status: 1 },
  { name: 'subshell', line: '(cd /scratch; X=1; pwd; exit 3); echo $? $X; pwd', stdout: '/scratch\n3\n/home/root\n' },
  { name: 'pipe', line: 'printf "b\\na\\nb\\n" | grep b | wc -l', stdout: '2\n' },
  { name: 'the status of a pipe is its last', line: 'false | true', status: 0 },
  { name: 'exit within a pipe', line: 'exit 5 | cat; echo $?; cat | exit 5', stdout: '0\n', status: 5 },
  { name: 'a writer whose reader has gone', line: 'cat | head -n 1', input: 'x\n'.repeat(200_000), stdout: 'x\n' },
  { name: 'variables', line: `A=1 B="x y"; echo $A "\${B}" $B; echo "$A"b\${A}c`, stdout: '1 x y x y\n1b1c\n' },
  { name: 'a variable for one command', line: 'A=1; A=2 sh -c "echo \\$A"; echo $A', stdout: '2\n1\n' },
  { name: 'command substitution', line: 'echo "$(echo a; echo b)" $(printf "c  d")', stdout: 'a\nb c d\n' },
  { name: 'status of a substitution', line: 'x=$(exit 4); echo $?', stdout: '4\n' },
  { name: 'redirection', line: 'echo a > f; echo b >> f; cat < f; cat f', stdout: 'a\nb\na\nb\n' },
  { name: 'stderr to a file', line: 'nosuch 2> f; cat f', stdout: 'sh: nosuch: not found\n' },
  {
    name: 'stderr to stdout',
    line: 'ls /nosuch 2>&1 | cat',
    stdout: "ls: cannot access '/nosuch': No such file or directory\n",
  },
  { name: 'nothing to nowhere', line: 'nosuch > /dev/null 2>&1; echo $?', stdout: '127\n' },
  {
    name: 'redirection to a place that is not',
    line: 'echo a > /no/f',
    stderr: "sh: can't create /no/f: No such file or directory\n",
    status: 1,
  },
  {
    name: 'redirection from a place that is not',
    line: 'cat < f',
    stderr: "sh: can't open f: No such file or directory\n",
    status: 1,
  },
  {
    name: 'globs',
    line: 'cd /scratch; touch b.bin a.bin .hidden c; echo *.bin ? *; echo "*" \\*; echo x*',
    stdout: 'a.bin b.bin c a.bin b.bin c\n* *\nx*\n',
  },
  {
    name: 'globs over folders',
    line: 'mkdir -p d/1 d/2; touch d/1/x d/2/x d/2/y; echo d/*/x d/[!1]/* /scr*',
    stdout: 'd/1/x d/2/x d/2/x d/2/y /scratch\n',
  },
  { name: 'tilde', line: 'echo ~ ~/x a~ "~"', stdout: '/home/root /home/root/x a~ ~\n' },
  { name: 'unknown command', line: 'runc list', stderr: 'sh: runc: not found\n', status: 127 },
  { name: 'unknown program', line: '/opt/arm/nosuch', stderr: 'sh: /opt/arm/nosuch: not found\n', status: 127 },
  {
    name: 'a file that is no program',
    line: 'touch /tmp/f; /tmp/f',
    stderr: 'sh: /tmp/f: Permission denied\n',
    status: 126,
  },
  { name: 'a folder as a program', line: '/scratch', stderr: 'sh: /scratch: Permission denied\n', status: 126 },
  {
    name: 'a script',
    line: "printf '#!/bin/sh\\necho script; exit 4\\n' > s; chmod +x s; ./s; echo $?",
    stdout: 'script\n4\n',
  },
  { name: 'a command by its full path', line: '/bin/echo a; /usr/bin/whoami', stdout: 'a\nroot\n' },
  { name: 'a shell in a shell', line: `sh -l -c 'echo "a b"; exit 3'`, stdout: 'a b\n', status: 3 },
  { name: 'a shell that reads', line: 'sh', input: 'echo a\nexit 2\necho b\n', stdout: 'a\n', status: 2 },
  { name: 'open quote', line: 'echo "a', stderr: 'sh: syntax error: unterminated quoted string\n', status: 2 },
  {
    name: 'operator without command',
    line: 'echo a; ; echo b',
    stderr: 'sh: syntax error: unexpected ";"\n',
    status: 2,
  },
  { name: 'nothing after and', line: 'true &&', stderr: 'sh: syntax error: unexpected end of file\n', status: 2 },
  {
    name: 'what this shell has not',
    line: 'while true; do echo a; done',
    stderr: 'sh: syntax error: "while" is not in this shell\n',
    status: 2,
  },
  {
    name: 'no background',
    line: 'sleep 1 &',
    stderr: 'sh: syntax error: "&" (a command in the background) is not in this shell\n',
    status: 2,
  },
  {
    name: 'for',
    line: 'cd /scratch; touch b a; for f in * "x y"; do echo "<$f>"; done; echo $f',
    stdout: '<a>\n<b>\n<x y>\nx y\n',
  },
  { name: 'for over nothing', line: 'for f in; do echo $f; done; echo $?', stdout: '0\n' },
  {
    name: 'for without end',
    line: 'for f in a; do echo $f',
    stderr: 'sh: syntax error: unexpected end of file\n',
    status: 2,
  },
  {
    name: 'if',
    line: 'if false; then echo a; elif [ a = a ]; then echo b; else echo c; fi; if false; then echo d; fi; echo $?',
    stdout: 'b\n0\n',
  },
  {
    name: 'a group',
    line: '{ cd /scratch; pwd; } > f; pwd; cat /home/root/f; false || { echo a; exit 3; }',
    stdout: '/scratch\n/scratch\na\n',
    status: 3,
  },
  {
    name: 'groups in groups',
    line: '{ { echo a; } } | cat; { for f in a; do { [ -e "$f" ] || [ -h "$f" ]; } && echo no; done; :; }',
    stdout: 'a\n',
  },
  { name: 'braces that are words', line: 'echo { a } ; echo {}', stdout: '{ a }\n{}\n' },
  { name: 'a closing word alone', line: 'echo a; done', stderr: 'sh: syntax error: unexpected "done"\n', status: 2 },
  { name: 'umask', line: 'umask 077; echo a > f; mkdir d; umask; stat -c %a f d', stdout: '0077\n600\n700\n' },
  { name: 'readlink', line: 'readlink -f ../root/./x; readlink /etc/hostname', stdout: '/home/root/x\n', status: 1 },
  { name: 'an empty line', line: '  ', status: 0 },
  {
    name: 'a call without end',
    line: "printf '#!/bin/sh\\n./s\\n' > s; chmod 755 s; ./s",
    stderr: 'sh: shells nested too deeply\n',
    status: 2,
  },
  {
    name: 'the first steps of provisioning',
    line: 'rm -r -f /scratch/provisioning-certs; mkdir -p /scratch/provisioning-certs; mkdir /scratch/provisioning-certs/C; touch /scratch/provisioning-certs/C/x.bin; mv /scratch/provisioning-certs/C/* /scratch/provisioning-certs; ls /scratch/provisioning-certs',
    stdout: 'C\nx.bin\n',
  },
  {
    name: 'mv of a folder that is not',
    line: 'mv /scratch/SAME/* /scratch',
    stderr: "mv: cannot stat '/scratch/SAME/*': No such file or directory\n",
    status: 1,
  },
  {
    name: 'mv into itself',
    line: 'mkdir a; mv a a/b',
    stderr: "mv: cannot move 'a' to a subdirectory of itself, 'a/b'\n",
    status: 1,
  },
  {
    name: 'cp',
    line: 'mkdir -p a/b; echo x > a/b/c; cp -r a d; cat d/b/c; cp a e',
    stdout: 'x\n',
    stderr: "cp: -r not specified; omitting directory 'a'\n",
    status: 1,
  },
  {
    name: 'cp into itself',
    line: 'mkdir a; cp -r a a/b',
    stderr: "cp: cannot copy a directory, 'a', into itself, 'a/b'\n",
    status: 1,
  },
  {
    name: 'rm of nothing',
    line: 'rm nosuch; rm -f nosuch',
    stderr: "rm: cannot remove 'nosuch': No such file or directory\n",
    status: 0,
  },
  { name: 'rm of a folder', line: 'rm /scratch', stderr: "rm: cannot remove '/scratch': Is a directory\n", status: 1 },
  {
    name: 'mkdir twice',
    line: 'mkdir a; mkdir a; mkdir -p a/b a; ls',
    stdout: 'a\n',
    stderr: "mkdir: cannot create directory 'a': File exists\n",
  },
  {
    name: 'mkdir below nothing',
    line: 'mkdir a/b',
    stderr: "mkdir: cannot create directory 'a/b': No such file or directory\n",
    status: 1,
  },
  {
    name: 'mkdir -p through a file',
    line: 'touch f; mkdir -p f/b',
    stderr: "mkdir: cannot create directory 'f/b': Not a directory\n",
    status: 1,
  },
  { name: 'an option that is none', line: 'rm -z x', stderr: "rm: invalid option -- 'z'\n", status: 1 },
  {
    name: 'modes',
    line: 'touch f; chmod 600 f; stat -c %a f; chmod u+x,g=r f; stat -c "%a %A %n" f',
    stdout: '600\n740 -rwxr----- f\n',
  },
  {
    name: 'ls -a',
    line: 'cd /config; ls -a; ls -l nosuch',
    stdout: '.\n..\nfactory\nuser\n',
    stderr: "ls: cannot access 'nosuch': No such file or directory\n",
    status: 1,
  },
  { name: 'cd and pwd', line: 'cd /var; cd log; pwd; cd ..; pwd; cd; pwd', stdout: '/var/log\n/var\n/home/root\n' },
  {
    name: 'cd to nothing',
    line: 'cd /nosuch',
    stderr: "cd: can't cd to /nosuch: No such file or directory\n",
    status: 2,
  },
  {
    name: 'test',
    line: '[ -d /scratch ] && [ ! -e /x ] && test a = a -a 2 -gt 1 && [ -n x ] && echo yes; [ a = b ]',
    stdout: 'yes\n',
    status: 1,
  },
  { name: 'test without end', line: '[ a', stderr: '[: missing ]\n', status: 2 },
  {
    name: 'head and tail',
    line: 'printf "1\\n2\\n3\\n" > f; head -n 1 f; tail -n 1 f; tail -n +2 f; head -c 3 f',
    stdout: '1\n3\n2\n3\n1\n2',
  },
  {
    name: 'grep',
    line: 'printf "Device Id: 01\\nother\\n" > f; grep -i "device id" f; grep -c o f; grep -q "^oth.*r$" f; echo $?; grep x f',
    stdout: 'Device Id: 01\n1\n0\n',
    status: 1,
  },
  { name: 'tee', line: 'echo a | tee f g; cat f g', stdout: 'a\na\na\n' },
  {
    name: 'system',
    line: 'hostname; uname -n; id -u; date -u +%Y-%m-%dT%H:%M:%S',
    stdout: 'mbed-linux-os-1234\nmbed-linux-os-1234\n0\n2026-03-01T12:00:00\n',
  },
  { name: 'which', line: 'which ls nosuch; command -v cat', stdout: '/usr/bin/ls\n/usr/bin/cat\n' },
  {
    name: 'systemctl',
    line: 'systemctl restart mbl-cloud-client && systemctl is-active mbl-cloud-client.service; systemctl restart nosuch',
    stdout: 'active\n',
    stderr: 'Failed to restart nosuch.service: Unit nosuch.service not found.\n',
    status: 5,
  },
];

for (const { name, line, input, stdout = '', stderr = '', status = 0 } of cases) {
  test(`device shell: ${name}`, async (t) => {
    const bench = await Bench.make(t);
    const ran = await bench.run(line, input);
    assert.deepEqual(ran, { status, stdout, stderr });
  });
}

test('what systemctl was asked is kept for a test to read', async (t) => {
  const bench = await Bench.make(t);
  await bench.run('systemctl restart mbl-cloud-client');
  assert.deepEqual(bench.device.services.asked, [{ verb: 'restart', unit: 'mbl-cloud-client' }]);
});

test('Ctrl-C ends whatever runs, also a command that reads', async (t) => {
  const bench = await Bench.make(t);
  for (const line of ['sleep 1000', 'cat', 'cat | cat', 'sh -c "sleep 1000; echo never"', 'x=$(cat); echo never']) {
    const interrupt = new AbortController();
    const running = bench.run(line, new Pipe(), interrupt.signal);
    await pause(5);
    interrupt.abort();
    assert.deepEqual(await running, { status: 130, stdout: '', stderr: '' }, line);
  }
});

test('a read-only partition and a full one refuse in the words of the system', async (t) => {
  const bench = await Bench.make(t, { readOnly: ['/config'], freeSpace: { '/scratch': 10 } });
  const refused = await bench.run('echo a > /config/user/x; mkdir /config/y; rm -r /config/user; mv /tmp /config');
  assert.equal(refused.status, 1);
  assert.equal(refused.stderr.match(/Read-only file system/g)?.length, 4);
  const full = await bench.run('echo 12345678 > /scratch/a; echo 1234 > /scratch/b');
  assert.equal(full.stderr, 'echo: No space left on device\n');
  bench.device.faults.freeSpace = {};
  assert.equal((await bench.run('echo 1234 > /scratch/b')).status, 0);
});
