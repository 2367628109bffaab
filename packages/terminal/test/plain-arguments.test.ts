import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Command, Option, Program } from '../src/command.ts';
import { ParserExit, parseArguments } from '../src/parse.ts';
import { type ParsedArguments, plainArguments } from '../src/plain-arguments.ts';

/** A longer search takes MOORING_FUZZ_RUNS. */
const numRuns = Number(process.env.MOORING_FUZZ_RUNS ?? 1000);

const option = (flags: [string, ...string[]], name: string, more: Partial<Option> = {}): Option => ({
  flags,
  name,
  help: '',
  ...more,
});

const options: readonly Option[] = [
  option(['-f', '--flag'], 'flag'),
  option(['-v', '--value'], 'value', { metavar: 'V' }),
  option(['-n', '--number'], 'number', { metavar: 'N', kind: 'integer', default: 7 }),
  option(['--list'], 'list', { metavar: 'L', kind: 'list' }),
  option(['--choice'], 'choice', { metavar: 'C', choices: ['one', 'two'], default: 'one' }),
  option(['--left'], 'left', { excludes: 'side', metavar: 'S' }),
  option(['--right'], 'right', { excludes: 'side' }),
];
const run = async () => undefined;
const command = (name: string, more: Partial<Command> = {}): Command => ({ name, summary: '', options, run, ...more });

const program: Program = {
  name: 'it',
  version: '1',
  summary: '',
  groups: [
    {
      title: 'all',
      commands: [
        command('plain'),
        command('two words', {
          positionals: [
            { name: 'a', help: '' },
            { name: 'b', help: '' },
          ],
        }),
        command('many', { positionals: [{ name: 'files', count: '*', help: '' }] }),
        command('some', {
          positionals: [
            { name: 'first', help: '' },
            { name: 'rest', count: '+', help: '' },
          ],
        }),
        command('maybe', { positionals: [{ name: 'it', count: '?', help: '' }] }),
        command('needs', {
          oneOf: ['side'],
          options: [...options, option(['-r'], 'must', { metavar: 'R', required: true })],
        }),
      ],
    },
  ],
  options: [option(['-l', '--level'], 'level', { metavar: 'L', default: 'info' }), option(['-q'], 'quiet')],
  failureExit: 1,
  usageErrors: 'argparse',
};

function byArgparse(argv: readonly string[]): ParsedArguments | 'refused' {
  try {
    return parseArguments(program, argv);
  } catch (error) {
    assert.ok(error instanceof ParserExit);
    return 'refused';
  }
}

const word = fc.oneof(
  fc.constantFrom('plain', 'two', 'words', 'many', 'some', 'maybe', 'needs'),
  fc.constantFrom(...options.flatMap(({ flags }) => flags), '-r', '-l', '-q', '--level', '--json'),
  fc.constantFrom(
    '--value=x',
    '--number=4',
    '--flag=x',
    '--choice=two',
    '--list=',
    '--va',
    '-fv',
    '-n5',
    '--',
    '-h',
    '--version',
  ),
  fc.constantFrom('x', '5', '-5', '-', '', 'two', 'one', 'a b', '-a b', '0x1', ' 3 '),
);
const line = fc
  .tuple(
    fc.constantFrom([], ['-q'], ['-l', 'debug'], ['--json', '-l', 'plain']),
    fc.constantFrom(['plain'], ['two', 'words'], ['many'], ['some'], ['maybe'], ['needs'], ['two'], []),
    fc.array(word, { maxLength: 7 }),
  )
  .map((parts) => parts.flat());

test('what is read plainly is what argparse reads', () => {
  let plain = 0;
  fc.assert(
    fc.property(line, (argv) => {
      const found = plainArguments(program, argv);
      if (!found) return;
      plain++;
      const expected = byArgparse(argv);
      assert.notEqual(expected, 'refused');
      assert.deepEqual(JSON.parse(JSON.stringify(found)), JSON.parse(JSON.stringify(expected)));
    }),
    { numRuns },
  );
  assert.ok(plain > numRuns / 20, `only ${plain} were plain`);
});

for (const argv of [
  ['plain'],
  ['-l', 'debug', 'plain', '-f', '--value', 'x', '-n', '3', '--json'],
  ['two', 'words', 'a', '-f', 'b'],
  ['many', 'a', 'b', '--list', '1', '--list', '2'],
  ['some', '-f', 'a', 'b', 'c'],
  ['maybe', '--choice=two'],
  ['needs', '-r', '1', '--right'],
]) {
  test(`${argv.join(' ')} is plain`, () => assert.ok(plainArguments(program, argv)));
}

for (const argv of [
  ['plain', '--val', 'x'],
  ['plain', '-fv', 'x'],
  ['plain', '-n5'],
  ['plain', '-n', 'five'],
  ['plain', '--left', 'a', '--right'],
  ['needs', '--right'],
  ['needs', '-r', '1'],
  ['many', 'a', '-f', 'b'],
  ['plain', '-h'],
  ['nothing'],
  [],
]) {
  test(`${argv.join(' ') || 'nothing at all'} is left to argparse`, () => {
    assert.equal(plainArguments(program, argv), undefined);
  });
}
