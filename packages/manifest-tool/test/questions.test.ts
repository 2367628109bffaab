import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parseCertificate } from '@mooring/pki';
import fc from 'fast-check';
import { Project } from './project.ts';

const asking = ['init', '-d', 'arm.com', '-m', 'dev-device'] as const;
const subjectIn = (project: Project) => parseCertificate(project.bytes('.update-certificates/default.der')).subjectText;

describe('answers from a pipe', () => {
  const refused: [string, string, RegExp][] = [
    ['nothing at all', '', /before "In which country is the subject located\?" was answered/],
    ['too few lines', 'UK\n\n\n', /before "What is the name of the subject organization\?" was answered/],
    ['a country of three letters', 'GBR\nx\nx\nx\n\n\n', /"GBR" is not a country code/],
    ['a country of digits', '12\n\n\n\n\n\n', /"12" is not a country code/],
    ['days that are no number', '\n\n\n\n\nabc\n', /"abc" is not a number of days/],
    ['days before now', '\n\n\n\n\n-5\n', /"-5" is not a number of days/],
    ['days without end', `\n\n\n\n\n${'9'.repeat(40)}\n`, /too many/],
    ['bytes that are no text', '\n\u0007\n\n\n\n\n', /not text/],
  ];
  for (const [name, stdin, sentence] of refused) {
    test(`${name}: status 1, and not even a folder is left`, async (t) => {
      const project = new Project(t);
      const { status, stderr } = await project.run(asking, { stdin });
      assert.equal(status, 1);
      assert.match(stderr, sentence);
      assert.deepEqual(project.files(), []);
    });
  }

  test('are trimmed, and an empty one takes the default; the last needs no line end', async (t) => {
    const project = new Project(t);
    const { status } = await project.run(asking, { stdin: ' UK \r\n\n\t\n Arm Ltd \n\n 10' });
    assert.equal(status, 0);
    assert.equal(subjectIn(project), 'C=UK,O=Arm Ltd,CN=arm.com');
  });

  test('all six are read before one is judged', async (t) => {
    const { stdout } = await new Project(t).run(asking, { stdin: 'GBR\n\n\n\n\n\n' });
    assert.ok(stdout.endsWith('How long (in days) should the certificate be valid? [90]'));
  });

  test('with a vendor id there is no default for the common name, and an empty subject becomes localhost', async (t) => {
    const project = new Project(t);
    const argv = ['init', '-V', '82458cc8-9f7a-7daf-b43a-dc4fc7af3626', '-m', 'm'];
    const { status, stdout } = await project.run(argv, { stdin: '\n'.repeat(6) });
    assert.equal(status, 0);
    assert.ok(stdout.includes('What is the common name of the subject organization? How long'));
    assert.equal(subjectIn(project), 'CN=localhost');
  });

  test('whatever is answered: a certificate that says it, or status 1 and nothing', async (t) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ unit: 'grapheme', maxLength: 12 }), { maxLength: 7 }), async (answers) => {
        const project = new Project(t);
        const { status, stderr } = await project.run(asking, { stdin: answers.map((a) => `${a}\n`).join('') });
        assert.doesNotMatch(stderr, /should not/);
        if (status === 0) assert.match(subjectIn(project), /CN=/);
        else assert.deepEqual([status, project.files()], [1, []]);
      }),
      { numRuns: 60 },
    );
  });
});

describe('answers on a terminal', () => {
  test('a bad one is asked again with the reason; UK is a good country', async (t) => {
    const project = new Project(t);
    const answers = ['GBR', 'UK', '', '', '', '', 'long', '0', '30'];
    const { status, screen } = await project.run(asking, { answers });
    assert.equal(status, 0, screen);
    assert.ok(
      screen.includes(
        'located? GBR\n"GBR" is not a country code: it has exactly two letters, such as UK or DE.\nIn which country',
      ),
    );
    assert.ok(screen.includes('"long" is not a number of days, 1 or more.\nHow long'));
    assert.equal(subjectIn(project), 'C=UK,CN=arm.com');
  });

  test('the end of input ends it with nothing written', async (t) => {
    const project = new Project(t);
    const { status } = await project.run(asking, { answers: ['UK', ''] });
    assert.equal(status, 1);
    assert.deepEqual(project.files(), []);
  });
});

test('options answer their questions, and only the others are asked', async (t) => {
  const project = new Project(t);
  const argv = [...asking, '--country', 'FI', '--state', '', '--valid-days', '20', '--common-name', 'x'];
  const { status, stdout } = await project.run(argv, { stdin: 'Oulu\nExample\n' });
  assert.equal(status, 0);
  assert.doesNotMatch(stdout, /country|state|common name|How long/);
  assert.equal(subjectIn(project), 'C=FI,L=Oulu,O=Example,CN=x');
});

test('with every question answered by options there is no word about questions', async (t) => {
  const names = ['--country', 'FI', '--state', '', '--locality', '', '--organization', '', '--common-name', 'x'];
  const { status, stdout } = await new Project(t).run([...asking, ...names, '--valid-days', '20']);
  assert.deepEqual([status, stdout], [0, '']);
});

test('in --json mode the questions go to standard error', async (t) => {
  const { status, stdout, stderr } = await new Project(t).run([...asking, '--json'], { stdin: '\n'.repeat(6) });
  assert.equal(status, 0);
  assert.equal(JSON.parse(stdout).certificate.subject, 'CN=arm.com');
  assert.ok(stderr.includes('In which country'));
});

test('Ctrl-C at a question ends the program at once, with nothing written', async (t) => {
  const project = new Project(t);
  const main = join(import.meta.dirname, '../src/main.ts');
  const child = spawn(process.execPath, [main, ...asking], { cwd: project.root });
  let screen = '';
  const status = await new Promise((resolve) => {
    child.stdout.on('data', (text) => {
      screen += text;
      if (screen.includes('In which country is the subject located? ')) child.kill('SIGINT');
    });
    child.on('close', resolve);
  });
  assert.equal(status, 130);
  assert.deepEqual(project.files(), []);
});
