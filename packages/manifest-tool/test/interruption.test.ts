import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { readUpdateResources } from '@mooring/credentials';
import { importPrivateKey, matches, parseCertificate } from '@mooring/pki';
import { fileError } from '@mooring/platform';
import { type Disk, realDisk } from '../src/disk.ts';
import { Project, quiet } from './project.ts';

const key = '.update-certificates/default.key.pem';
const certificate = '.update-certificates/default.der';
const settings = '.manifest_tool.json';
const resources = 'update_default_resources.c';
const changing = new Set(['makeFolder', 'create', 'rename', 'remove', 'removeFolder', 'sync']);

class PowerCut extends Error {}

/** Does `count` changes, then nothing any more; a file that was being written keeps its first half if `torn`. */
function cutAfter(count: number, torn: boolean): Disk & { readonly done: boolean } {
  let left = count;
  let done = false;
  return new Proxy(realDisk as Disk & { done: boolean }, {
    get(disk, name: keyof Disk | 'done') {
      if (name === 'done') return done;
      return async (...args: unknown[]) => {
        if (done || (changing.has(name) && left-- <= 0)) {
          if (!done && torn && name === 'create') {
            const [path, data, mode] = args as [string, Uint8Array, number];
            writeFileSync(path, data.slice(0, data.length / 2), { mode });
          }
          done = true;
          throw new PowerCut();
        }
        return await (disk[name] as (...args: unknown[]) => unknown)(...args);
      };
    },
  });
}

/** Each file of the project that is there is a whole one. */
function checkWhole(project: Project): void {
  const files = project.files();
  if (files.includes(key)) importPrivateKey(project.bytes(key));
  if (files.includes(certificate)) parseCertificate(project.bytes(certificate));
  if (files.includes(settings)) project.json(settings);
  if (files.includes(resources)) readUpdateResources(project.text(resources), resources);
  for (const path of files) {
    if (path.includes('key.pem') || path.includes('psk')) assert.equal(project.mode(path), '600', path);
  }
}

function checkAgreement(project: Project): void {
  const found = parseCertificate(project.bytes(certificate));
  assert.ok(matches(importPrivateKey(project.bytes(key)), found), 'key and certificate');
  const made = readUpdateResources(project.text(resources), resources);
  assert.equal(made.certificate?.fingerprint, found.fingerprint, 'C file and certificate');
  const classId = String(project.json(settings).classId).replaceAll('-', '');
  assert.equal(Buffer.from(made.classId).toString('hex'), classId, 'C file and settings');
  assert.deepEqual(
    project.files().filter((path) => /\.new$|unfinished|\.lock/.test(path)),
    [],
    'nothing is left over',
  );
}

const keysIn = (project: Project) =>
  project
    .files()
    .filter((path) => path.endsWith('key.pem'))
    .map((path) => project.text(path));

describe('a power cut between any two changes', () => {
  const scenarios: [string, string[], boolean][] = [
    ['of the first init', [...quiet], false],
    ['of init -f over an older pair', [...quiet, '-f', '-a', 'ak_1'], true],
  ];
  for (const [name, argv, before] of scenarios) {
    for (const torn of [false, true]) {
      test(`${name}${torn ? ', in the middle of a file' : ''}: the next init finds all or nothing`, async (t) => {
        let states = new Set<string>();
        for (let count = 0; ; count++) {
          const project = new Project(t);
          if (before) await project.run(quiet);
          const old = project.snapshot();
          const oldKeys = keysIn(project);
          const disk = cutAfter(count, torn);
          const cut = await project.run(argv, { disk });
          if (!disk.done) {
            assert.equal(cut.status, 0, cut.stderr);
            assert.ok(count > 10, 'the cut ran through all changes');
            break;
          }
          checkWhole(project);
          const { status, stderr } = await project.run(quiet);
          assert.equal(status, 0, `after ${count} changes: ${stderr}`);
          checkAgreement(project);
          for (const each of oldKeys) assert.ok(keysIn(project).includes(each), `after ${count} changes a key is lost`);
          const same = before && JSON.stringify(project.snapshot()) === JSON.stringify(old);
          states = states.add(
            same || /nothing of it was kept/.test(stderr)
              ? 'taken back'
              : /that is now done/.test(stderr)
                ? 'finished'
                : 'clean',
          );
        }
        assert.ok(states.has('taken back') && states.has('finished'), [...states].join());
      });
    }
  }

  test('a second cut while the first is mended does no harm', async (t) => {
    for (let first = 8; first < 16; first++) {
      for (let second = 0; second < 8; second++) {
        const project = new Project(t);
        await project.run(quiet);
        const oldKeys = keysIn(project);
        await project.run([...quiet, '-f'], { disk: cutAfter(first, false) });
        await project.run(quiet, { disk: cutAfter(second, false) });
        checkWhole(project);
        assert.equal((await project.run(quiet)).status, 0);
        checkAgreement(project);
        for (const each of oldKeys) assert.ok(keysIn(project).includes(each));
      }
    }
  });
});

test('a full disk is a sentence, and everything is as it was', async (t) => {
  const project = new Project(t);
  await project.run(quiet);
  const before = project.snapshot();
  let files = 0;
  const full: Disk = {
    ...realDisk,
    create: (path, data, mode) =>
      ++files === 4
        ? Promise.reject(fileError(Object.assign(new Error('ENOSPC'), { code: 'ENOSPC', syscall: 'write' }), path))
        : realDisk.create(path, data, mode),
  };
  const { status, stderr } = await project.run([...quiet, '-f'], { disk: full });
  assert.equal(status, 1);
  assert.match(stderr, /disk is full/);
  assert.deepEqual(project.snapshot(), before);
});

test('a file that changes while questions are asked is not overwritten', async (t) => {
  const project = new Project(t);
  const meddling: Disk = {
    ...realDisk,
    read: async (path) => {
      const data = await realDisk.read(path);
      if (path.endsWith(settings) && data === undefined) project.write(settings, '{}');
      return data;
    },
  };
  const { status, stderr } = await project.run(quiet, { disk: meddling });
  assert.equal(status, 1);
  assert.match(stderr, /\.manifest_tool\.json was changed by another program/);
  assert.deepEqual(project.files(), [settings]);
});

describe('a record of an interrupted init that nobody here wrote', () => {
  const records: [string, unknown][] = [
    ['points out of the project', { state: 'ready', folderMade: false, files: [{ staged: 'a', path: '../a' }] }],
    [
      'points to another folder',
      { state: 'preparing', folderMade: false, files: [{ staged: '/etc/passwd', path: 'a' }] },
    ],
    ['is the folder itself', { state: 'ready', folderMade: false, files: [{ staged: '.', path: '..' }] }],
    ['has no files', { state: 'ready' }],
    ['is a text', 'ready'],
    ['is null', null],
  ];
  for (const [name, record] of records) {
    test(`${name}: refused`, async (t) => {
      const project = new Project(t);
      project.write('a', 'x');
      project.write('.manifest_tool.unfinished', JSON.stringify(record));
      const before = project.snapshot();
      const { status, stderr } = await project.run(quiet);
      assert.equal(status, 1);
      assert.match(stderr, /\.manifest_tool\.unfinished is not a record/);
      assert.deepEqual(project.snapshot(), before);
    });
  }
});

test('several inits at once leave one pair that agrees', async (t) => {
  const project = new Project(t);
  const outcomes = await Promise.all([1, 2, 3, 4].map(() => project.run(quiet)));
  assert.ok(outcomes.some(({ status }) => status === 0));
  for (const { status, stderr } of outcomes) {
    if (status !== 0) assert.match(stderr, /changed by another program/);
  }
  checkAgreement(project);
});

test('kill -9 of the real program at any moment', async (t) => {
  const project = new Project(t);
  const main = join(import.meta.dirname, '../src/main.ts');
  const start = (delay: number | undefined) =>
    new Promise<number>((resolve) => {
      const began = performance.now();
      const child = spawn(process.execPath, [main, ...quiet, '-f'], { cwd: project.root, stdio: 'ignore' });
      const timer = delay === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), delay);
      child.on('close', () => {
        clearTimeout(timer);
        resolve(performance.now() - began);
      });
    });
  const whole = await start(undefined);
  for (let round = 0; round < 10; round++) {
    const delay = whole * (0.5 + Math.random() / 2);
    await start(delay);
    checkWhole(project);
    const { status, stderr } = await project.run(quiet);
    assert.equal(status, 0, `killed after ${delay} ms: ${stderr}`);
    checkAgreement(project);
  }
});
