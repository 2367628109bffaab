import assert from 'node:assert/strict';
import { PassThrough, Readable } from 'node:stream';
import { test } from 'node:test';
import { errorFamily, fixedClock } from '@mooring/platform';
import { type Command, type Program, runProgram } from '@mooring/terminal';

const errors = errorFamily({ 'boat.sunk': 'The boat has sunk.' });

const sail: Command = {
  name: 'sail',
  summary: 'Sail 100 % of the way.',
  positionals: [{ name: 'boat', help: 'Which boat.' }],
  options: [
    { flags: ['-d', '--distance'], name: 'distance', metavar: 'MILES', kind: 'integer', help: 'How far.' },
    { flags: ['-f', '--fast'], name: 'fast', help: 'Faster.' },
    { flags: ['--north'], name: 'north', help: 'North.', excludes: 'way' },
    { flags: ['--south'], name: 'south', help: 'South.', excludes: 'way' },
  ],
  examples: [{ run: 'harbour sail -f Anna', does: 'sails the Anna at 100 % speed' }],
  async run({ output, prompt }, values) {
    if (values.boat === 'Titanic')
      throw errors('boat.sunk', { message: 'The Titanic sank.', next: 'Take another.', exitCode: 9 });
    if (values.boat === 'bug') throw new TypeError('undefined is not a boat');
    if (values.boat === 'ask') return { answers: [await prompt.ask('Where? '), await prompt.ask('When? ')] };
    output.line(`Sailing ${values.boat}.`);
    return { ...values };
  },
};

const program: Program = {
  name: 'harbour',
  version: '3.1',
  summary: 'Looks after boats.',
  groups: [
    { title: 'boats', commands: [sail, { name: 'crew add', summary: 'Hire.', run: async () => ({ hired: true }) }] },
  ],
  options: [{ flags: ['-a', '--anchor'], name: 'anchor', metavar: 'NAME', help: 'Anchor.' }],
  failureExit: 7,
  usageErrors: 'line',
};

async function run(argv: string[], input = '', style: Program['usageErrors'] = 'line') {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const status = await runProgram({ ...program, usageErrors: style }, argv, {
    stdin: Readable.from([input].filter(Boolean)),
    stdout,
    stderr,
    env: {},
    cwd: '/',
    home: '/',
    clock: fixedClock('2026-01-01'),
  });
  return { status, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') };
}

test('argparse rules: prefixes, joined values, options in any order, global options first', async () => {
  for (const argv of [
    ['-a', 'iron', 'sail', 'Anna', '-d5', '-f', '--json'],
    ['--anch=iron', 'sail', '--dist=5', '--fa', 'Anna', '--json'],
    ['-airon', '--json', 'sail', '-fd', '5', 'Anna'],
  ]) {
    const { status, stdout, stderr } = await run(argv);
    assert.deepEqual([status, stderr], [0, 'Sailing Anna.\n']);
    assert.deepEqual(JSON.parse(stdout), { anchor: 'iron', boat: 'Anna', distance: 5, fast: true });
  }
});

test('without --json the text is on stdout and no JSON is written', async () => {
  assert.deepEqual(await run(['sail', 'Anna']), { status: 0, stdout: 'Sailing Anna.\n', stderr: '' });
});

test('usage errors end with 2 and keep stdout clean', async () => {
  for (const [argv, text] of [
    [['sail'], /^error: the following arguments are required: boat\n/],
    [['row', 'Anna'], /^error: argument COMMAND: invalid choice: 'row'/],
    [['sail', 'Anna', '-d', 'far'], /^error: argument -d\/--distance: invalid int value: 'far'\n/],
    [['sail', 'Anna', '--north', '--south'], /^error: argument --south: not allowed with argument --north\n/],
    [['sail', 'Anna', 'Bea'], /^error: unrecognized arguments: Bea\n/],
    [['crew'], /^error: the following arguments are required: COMMAND\n/],
  ] as const) {
    const { status, stdout, stderr } = await run([...argv]);
    assert.deepEqual([status, stdout], [2, '']);
    assert.match(stderr, text);
  }
});

test('the argparse form of a usage error has the usage first', async () => {
  const { status, stderr } = await run(['sail'], '', 'argparse');
  assert.equal(status, 2);
  assert.match(stderr, /^usage: harbour sail .*\nharbour sail: error: the following arguments are required: boat\n$/s);
});

test('an expected failure is a sentence, what to do, and its exit status', async () => {
  assert.deepEqual(await run(['sail', 'Titanic']), {
    status: 9,
    stdout: '',
    stderr: 'The Titanic sank.\nTake another.\n',
  });
  const { status, stdout } = await run(['sail', 'Titanic', '--json']);
  assert.equal(status, 9);
  assert.deepEqual(JSON.parse(stdout), {
    error: { code: 'boat.sunk', message: 'The Titanic sank.', next: 'Take another.' },
  });
});

test('a fault of the program says so, with the stack for the report', async () => {
  const { status, stderr } = await run(['sail', 'bug']);
  assert.equal(status, 7);
  assert.match(stderr, /harbour failed in a way that it should not: undefined is not a boat\nPlease report/);
  assert.match(stderr, /run\.test\.ts/);
});

test('several questions are answered by one piped input, and its end is an error', async () => {
  const answered = await run(['sail', 'ask', '--json'], 'Oslo\r\nnoon');
  assert.deepEqual(JSON.parse(answered.stdout), { answers: ['Oslo', 'noon'] });
  assert.equal(answered.stderr, 'Where? When? ');
  const cut = await run(['sail', 'ask'], 'Oslo\n');
  assert.equal(cut.status, 7);
  assert.match(cut.stderr, /input ended before/);
});

test('help and version are on stdout, with percent signs as written', async () => {
  const help = await run(['sail', '-h']);
  assert.equal(help.status, 0);
  assert.match(help.stdout, /Sail 100 % of the way\.[\s\S]*sails the Anna at 100 % speed/);
  assert.match((await run(['-h'])).stdout, /boats\n {4}sail {6}Sail 100 %/);
  assert.equal((await run(['--version'])).stdout, '3.1\n');
});

test('commands of two words', async () => {
  assert.deepEqual(JSON.parse((await run(['crew', 'add', '--json'])).stdout), { hired: true });
});

test('a character that is cut between two chunks is put together', async () => {
  const bytes = Buffer.from('Tromsø\nnoon\n');
  const stdout = new PassThrough();
  const stdin = Readable.from([bytes.subarray(0, 6), bytes.subarray(6, 7), bytes.subarray(7)]);
  await runProgram(program, ['sail', 'ask', '--json'], {
    stdin,
    stdout,
    stderr: new PassThrough(),
    env: {},
    cwd: '/',
    home: '/',
    clock: fixedClock('2026-01-01'),
  });
  assert.deepEqual(JSON.parse(String(stdout.read())), { answers: ['Tromsø', 'noon'] });
});

test('Ctrl-C ends an open question, with the words and the status of the program', async () => {
  const stdin = new PassThrough();
  const stderr = new PassThrough();
  const ended = runProgram({ ...program, interrupted: { text: 'User quit.', exitCode: 255 } }, ['sail', 'ask'], {
    stdin,
    stdout: new PassThrough(),
    stderr,
    env: {},
    cwd: '/',
    home: '/',
    clock: fixedClock('2026-01-01'),
  });
  while (stdin.listenerCount('data') === 0) await new Promise((resolve) => setImmediate(resolve));
  process.emit('SIGINT');
  assert.equal(await ended, 255);
  assert.equal(String(stderr.read()), 'User quit.\n');
});
