import assert from 'node:assert/strict';
import { lstatSync, symlinkSync } from 'node:fs';
import { describe, type TestContext, test } from 'node:test';
import { applyDelta, maxBlockSize } from '@mooring/manifest';
import { fileError, fixedClock } from '@mooring/platform';
import { type Io, runProgram } from '@mooring/terminal';
import { program as deltaTool, withCommand } from '../src/delta-tool/program.ts';
import { realDisk } from '../src/disk.ts';
import { writeTogether } from '../src/write-together.ts';
import { Project } from './project.ts';
import { replayGroup } from './replay.ts';

const program = (argv: readonly string[], io: Io) => runProgram(deltaTool, withCommand(argv), io);
const magic = 'PELION/BSDIFF001';

replayGroup('v2-delta: manifest-delta-tool of 2.6.2', {
  group: 'v2-delta',
  programs: { 'manifest-delta-tool': program },
  compareFile: (ours, theirs) => assert.deepEqual(ours, theirs),
  deviations: {
    '05-errors 1': {
      because: 'the message had a {} where the version belongs, and a Python fault after it',
      instead: /ERROR Bspatch version in magic2\.bin is PELION\/BSDIFF\d{3}, which is incompatible .*\n/,
    },
    '05-errors 2': { because: 'our words for an empty file', instead: /ERROR Version details not found\n/ },
  },
});

/** An old image and a new one that are close, beside a delta and a configuration of earlier. */
function images(t: TestContext): Project {
  const project = new Project(t);
  const old = `${magic}${Array.from({ length: 400 }, (_, index) => `line ${index}`).join()}`;
  project.write('old.bin', old);
  project.write('new.bin', old.replace('line 77', 'another line').concat('end'));
  project.write('d.bin', 'delta of earlier');
  project.write('d.yaml', 'configuration of earlier');
  return project;
}

const usual = ['-c', 'old.bin', '-n', 'new.bin', '-o', 'd.bin'];

async function changesNothing(project: Project, argv: readonly string[], status: number, said: RegExp): Promise<void> {
  const before = project.snapshot();
  const outcome = await project.run(argv, { program });
  assert.equal(outcome.status, status, outcome.screen);
  assert.match(outcome.screen, said);
  assert.deepEqual(project.snapshot(), before);
}

test('the word create may be left out or not, also before --json', async (t) => {
  for (const argv of [usual, ['create', ...usual], ['--json', ...usual].slice(1)]) {
    const project = images(t);
    assert.equal((await project.run(argv, { program })).status, 0);
    assert.deepEqual(
      Buffer.from(applyDelta(project.bytes('old.bin'), project.bytes('d.bin'))),
      project.bytes('new.bin'),
    );
  }
});

test('the version is that which scripts ask for', async (t) => {
  const { status, stdout } = await new Project(t).run(['--version'], { program });
  assert.deepEqual([status, stdout.trim()], [0, 'Manifest-Tool version 2.6.2']);
});

test('an output that is a symbolic link is followed, and one that is a device is written to', async (t) => {
  const project = images(t);
  symlinkSync('d.bin', project.at('link.bin'));
  assert.equal((await project.run([...usual.slice(0, -1), 'link.bin'], { program })).status, 0);
  assert.ok(lstatSync(project.at('link.bin')).isSymbolicLink());
  assert.match(project.bytes('d.bin').toString('latin1'), /^PELION\/BSDIFF001/);
  await writeTogether([{ path: '/dev/null', data: 'anything' }]);
  assert.ok(lstatSync('/dev/null').isCharacterDevice());
});

test('--json gives the numbers, and the log goes to standard error', async (t) => {
  const project = images(t);
  const { status, stdout, stderr } = await project.run([...usual, '--json'], { program });
  const result = JSON.parse(stdout);
  assert.equal(status, 0);
  assert.equal(result.size, project.bytes('d.bin').length);
  assert.equal(result.newSize, project.bytes('new.bin').length);
  assert.equal(result.maxFrame, 512);
  assert.match(stderr, /INFO Current tool version PELION\/BSDIFF001/);
});

test('--json of a refusal gives its code', async (t) => {
  const project = images(t);
  project.write('old.bin', 'no version in here');
  const { status, stdout } = await project.run([...usual, '--json'], { program });
  assert.equal(status, 1);
  assert.equal(JSON.parse(stdout).error.code, 'delta.version.missing');
});

describe('weak spots of manifest-delta-tool 2.6.2', () => {
  const failures: Record<string, [argv: string[], status: number, said: RegExp]> = {
    'a delta over the threshold': [['-c', 'old.bin', '-n', 'other.bin', '-o', 'd.bin'], 1, /more than 60 percent/],
    'an old image without a version': [
      ['-c', 'other.bin', '-n', 'new.bin', '-o', 'd.bin'],
      1,
      /Version details not found/,
    ],
    'an empty new image': [['-c', 'old.bin', '-n', 'empty', '-o', 'd.bin'], 1, /Malformed new FW image/],
    'a missing image': [['-c', 'nope', '-n', 'new.bin', '-o', 'd.bin'], 2, /File "nope" is not found/],
    'a wrong option': [[...usual, '-b', '127'], 2, /127 is invalid - must be at least 128/],
  };
  for (const [what, [argv, status, said]] of Object.entries(failures)) {
    test(`outputs are not truncated or removed by a failure: ${what}`, async (t) => {
      const project = images(t);
      project.write('other.bin', Buffer.from(Array.from({ length: 900 }, (_, i) => Math.imul(i + 3, i * 40503) >>> 9)));
      project.write('empty', '');
      await changesNothing(project, argv, status, said);
    });
  }

  test('outputs are not truncated or removed by a failure: a full disk at the second file', async (t) => {
    const project = images(t);
    const before = project.snapshot();
    let created = 0;
    const disk = {
      ...realDisk,
      create: async (path: string, data: Uint8Array | string, mode: number) => {
        created++;
        if (created === 2) throw fileError(Object.assign(new Error(), { code: 'ENOSPC', syscall: 'write' }), path);
        await realDisk.create(path, data, mode);
      },
    };
    const files = ['d.yaml', 'd.bin'].map((name) => ({ path: project.at(name), data: 'new' }));
    await assert.rejects(writeTogether(files, disk), {
      code: 'file.disk.full',
      message: `${project.at('d.bin')} could not be written: the disk is full.`,
    });
    assert.deepEqual(project.snapshot(), before);
  });

  test('the configuration does not overwrite the delta: an output that ends in .yaml', async (t) => {
    await changesNothing(images(t), ['-c', 'old.bin', '-n', 'new.bin', '-o', 'd.yaml'], 2, /goes with the delta/);
  });

  for (const output of ['old.bin', 'new.bin', './new.bin']) {
    test(`the delta does not overwrite an image: -o ${output}`, async (t) => {
      await changesNothing(images(t), ['-c', 'old.bin', '-n', 'new.bin', '-o', output], 2, /would be written over/);
    });
  }

  test('the configuration does not overwrite an image: an image named like it', async (t) => {
    const project = images(t);
    project.write('x.yaml', project.bytes('old.bin'));
    await changesNothing(
      project,
      ['-c', 'x.yaml', '-n', 'new.bin', '-o', 'x.bin'],
      2,
      /"x\.yaml" would be written over/,
    );
  });

  test('the message about another version names it, in one line without {}', async (t) => {
    const project = images(t);
    project.write('old.bin', 'PELION/BSDIFF002');
    const { status, stdout } = await project.run(usual, { program });
    assert.equal(status, 1);
    assert.match(stdout, /ERROR Bspatch version in old\.bin is PELION\/BSDIFF002, .* \(PELION\/BSDIFF001\)\.\n$/);
    assert.equal(stdout.match(/ERROR/g)?.length, 1);
  });

  test('the threshold: help names the range that is taken', async (t) => {
    const project = images(t);
    const help = await project.run(['-h'], { program });
    assert.match(help.stdout, /\[30-99\]/);
    assert.doesNotMatch(help.stdout, /30-100/);
    for (const [percent, status] of [
      ['29', 2],
      ['30', 0],
      ['99', 0],
      ['100', 2],
      ['x', 2],
    ] as const) {
      assert.equal((await project.run([...usual, '-t', percent], { program })).status, status, percent);
    }
  });

  test('the threshold and --skip-size-check exclude each other', async (t) => {
    await changesNothing(images(t), [...usual, '-t', '50', '--skip-size-check'], 2, /not allowed with argument/);
  });

  test('a block size that no memory holds is refused and does not crash', async (t) => {
    const project = images(t);
    await changesNothing(project, [...usual, '-b', '100000000000'], 2, /must be at most 16777216/);
    assert.equal((await project.run([...usual, '-b', String(maxBlockSize)], { program })).status, 0);
  });

  test('digests in the .yaml are base64 twice, as manifest-tool of either maker reads them', async (t) => {
    const project = images(t);
    await project.run(usual, { program });
    const { createHash } = await import('node:crypto');
    for (const [key, file] of [
      ['installed', 'new.bin'],
      ['precursor', 'old.bin'],
    ]) {
      const text =
        new RegExp(`^${key}-digest: !!binary \\|\\n {2}(\\S+)$`, 'm').exec(project.text('d.yaml'))?.[1] ?? '';
      const once = Buffer.from(text, 'base64').toString('latin1');
      const digest = createHash('sha256')
        .update(project.bytes(file as string))
        .digest('hex');
      assert.equal(Buffer.from(once, 'base64').toString('hex'), digest);
    }
    assert.match(project.text('d.yaml'), new RegExp(`^installed-size: ${project.bytes('new.bin').length}$`, 'm'));
  });

  test('a folder that is not there is named before any work is done', async (t) => {
    await changesNothing(images(t), ['-c', 'old.bin', '-n', 'new.bin', '-o', 'none/d.bin'], 1, /There is no folder/);
  });
});

test('the log has the local time of the clock it is given', async (t) => {
  const project = images(t);
  const time = fixedClock('2023-06-01T12:00:00.042Z').now().toISOString();
  const { stdout } = await project.run(usual, { program, time });
  assert.match(stdout, /^2023-06-01 12:00:00,042 INFO Current tool version /);
});
