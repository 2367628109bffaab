import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCommand } from '../src/create/command.ts';
import { type Generation, generationOf } from '../src/generation.ts';
import { parseCommand } from '../src/parse/command.ts';
import { create2xCommand } from '../src/schema-3/create-command.ts';
import { parse2xCommand } from '../src/schema-3/parse-command.ts';
import { Project } from './project.ts';

const forms = {
  create: { options: { 1: createCommand.options ?? [], 2: create2xCommand.options ?? [] } },
  parse: { options: { 1: parseCommand.options ?? [], 2: parse2xCommand.options ?? [] }, positional: 2 as Generation },
};
const generation = (line: string) => generationOf(line.split(' ').filter(Boolean), forms);

const meant: Record<Generation, string[]> = {
  1: [
    '',
    '-h',
    '--version',
    'init -d arm.com -m dev',
    'create -p fw.bin -o fw.manifest',
    'create --payl fw.bin',
    'create -pfw.bin -k key.pem',
    'create -u http://x -p fw.bin -c der -v 1',
    'create -xCp fw.bin',
    'create -i in.json',
    'create --uri=http://x -k k -o o',
    'create -v 1 -k k -o o',
    'create --encoding der -k k',
    'create -h',
    'create --mac --psk-table t',
    '-l debug create -p fw.bin',
    '-ldebug create -p fw.bin',
    'parse',
    'parse -i fw.manifest',
    'parse -ji fw.manifest',
    'parse -o out.json',
    'parse -e der',
    'verify -i fw.manifest',
    'sign -m fw.manifest',
    'cert create -V 10 -K k',
    'create --generation 1 -c config',
    'unknown',
  ],
  2: [
    'create -c config.yaml -k key.pem -v 1.2.3 -o fw.manifest',
    'create -cconfig.yaml -kkey.pem -v1.2.3 -ofw.manifest',
    'create --config config.yaml',
    'create --conf=config.yaml -k key.pem',
    'create -c der -k key.pem -v 1.2.3 -o fw.manifest',
    'create -k key.pem --fw-version 1.2.3 -o o',
    'create -v 0.0.0 -k k -o o',
    '-q create -k key.pem -o o',
    '--debug parse',
    'parse fw.manifest',
    'parse fw.manifest -k key.pem',
    'parse -k key.pem fw.manifest',
    'parse --certificate=c.der fw.manifest',
    'parse -- -odd-name',
    'parse -',
    'parse -k key.pem',
    'create-v1 -c config.yaml',
    'schema',
    'public-key key.pem -o pub',
    '-q schema',
    '--generation 2 create -h',
    'create -h --generation=2',
    '-q',
  ],
};

for (const [number, commandLines] of Object.entries(meant)) {
  for (const line of commandLines) {
    test(`"${line}" is meant for generation ${number}`, () => assert.equal(generation(line), Number(number)));
  }
}

const refused: [line: string, names: RegExp][] = [
  ['create', /nothing on the command line tells/],
  ['create -k key.pem -o fw.manifest', /nothing on the command line tells/],
  ['create -c der', /nothing on the command line tells/],
  ['create -p fw.bin -v 1.2.3', /"-p" belongs to manifest-tool 1\.4\.8 and "-v 1\.2\.3" to manifest-tool 2\.6\.2/],
  ['create -c config.yaml -x', /"-x" belongs .* "-c config\.yaml"/],
  ['parse fw.manifest -j', /"-j" belongs .* "fw\.manifest"/],
  ['parse -i fw.manifest -k key.pem', /"-i" belongs .* "-k"/],
  ['-q create -p fw.bin', /"-p" belongs .* "-q"/],
  ['-l debug create -c config.yaml -v 1.2.3', /"-l" belongs .* "-c config\.yaml", "-v 1\.2\.3"/],
];

for (const [line, names] of refused) {
  test(`"${line}" is refused and not guessed at`, () => {
    assert.throws(() => generation(line), { code: 'manifest.generation', exitCode: 2, message: names });
  });
}

test('a refusal is wrong usage, with the remedy, and with --json an object', async (t) => {
  const project = new Project(t);
  const { status, stdout, stderr } = await project.run(['create', '-k', 'key.pem', '-o', 'fw.manifest', '--json']);
  assert.equal(status, 2);
  assert.match(stderr, /^manifest-tool create: error: nothing .*\nPut --generation 1 .* or --generation 2 /);
  assert.equal(JSON.parse(stdout).error.code, 'manifest.generation');
  assert.deepEqual(project.files(), []);
});

test('each help tells of the other command of its name', async (t) => {
  const project = new Project(t);
  for (const argv of [
    ['create', '-h'],
    ['create', '-h', '--generation', '2'],
    ['parse', '-h'],
    ['parse', '-h', '--generation', '2'],
  ]) {
    const { status, stdout } = await project.run(argv);
    assert.equal(status, 0);
    assert.match(stdout, /There are two\s+commands of this name\./);
    assert.match(stdout, /--generation/);
  }
});

test('the versions are those that scripts ask for', async (t) => {
  const project = new Project(t);
  assert.equal((await project.run(['--version'])).stdout, '1.4.8\n');
  assert.equal((await project.run(['--generation', '2', '--version'])).stdout, 'Manifest-Tool version 2.6.2\n');
});
