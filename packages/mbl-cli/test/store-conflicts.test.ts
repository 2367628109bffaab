import assert from 'node:assert/strict';
import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readDeveloperCredentials, readUpdateResources } from '@mooring/credentials';
import fc from 'fast-check';
import { conflictCopyOf, mergeCopy } from '../src/stores/conflict-copies.ts';
import { parseStoreConfig } from '../src/stores/store-config.ts';
import { openStores } from '../src/stores/stores.ts';
import { TeamStore } from '../src/stores/team-store.ts';
import { developerSource } from './fake-service.ts';
import { updateResources } from './update-resources.ts';
import { world } from './world.ts';

const developer = (id: string) => readDeveloperCredentials(developerSource(id), 'dev.c').items;
const update = () => readUpdateResources(updateResources(), 'upd.c').items;

test('how sync programs name their conflict copies', () => {
  const known = (name: string) => ['config.json', 'arm_uc_vendor_id.bin', 'my-cert'].includes(name);
  for (const [name, original] of [
    ['config (conflicted copy 2026-03-01 120000).json', 'config.json'],
    ["config (Ann's conflicted copy 2026-03-01).json", 'config.json'],
    ['config (SFConflict ann@acme.example 2026-03-01-12-00-00).json', 'config.json'],
    ['config.sync-conflict-20260301-120000-ABCDEF7.json', 'config.json'],
    ['config_conflict-20260301-120000.json', 'config.json'],
    ['config.Conflict.json', 'config.json'],
    ['config (1).json', 'config.json'],
    ['config 2.json', 'config.json'],
    ['config-LAPTOP.json', 'config.json'],
    ['config.json.conflict1', 'config.json'],
    ['arm_uc_vendor_id (1).bin', 'arm_uc_vendor_id.bin'],
    ['config.json', undefined],
    ['notes (1).txt', undefined],
    ['config.jsonc', undefined],
  ] as const) {
    assert.equal(conflictCopyOf(name, 'file', known)?.original, original, name);
  }
  // Blanks, numbers and dashes are usual in names of certificates.
  for (const [name, original] of [
    ['my-cert (1)', 'my-cert'],
    ['my-cert.sync-conflict-20260301-120000-ABCDEF7', 'my-cert'],
    ['my-cert 2', undefined],
    ['my-cert-laptop', undefined],
  ] as const) {
    assert.equal(conflictCopyOf(name, 'folder', known)?.original, original, name);
  }
  fc.assert(fc.property(fc.string(), (name) => void conflictCopyOf(name, 'file', () => true)));
});

const list = fc.dictionary(
  fc.constantFrom('a', 'b', 'c', 'd'),
  fc.array(fc.constantFrom('x.bin', 'y.bin', 'z.bin'), { minLength: 1 }),
);

test('merging loses no entry, whatever the lists, and prefers the files that are there', () => {
  const parse = (certificates: unknown) =>
    parseStoreConfig(JSON.stringify({ api_key: '', dev_certs: certificates }), 'config.json');
  fc.assert(
    fc.property(list, list, fc.array(fc.constantFrom('x.bin', 'y.bin', 'z.bin')), (mine, theirs, there) => {
      const config = parse(mine);
      const isWhole = (_: string, files: readonly string[]) =>
        files.every((file) => (there as string[]).includes(file));
      mergeCopy(config, parse(theirs), isWhole);
      assert.deepEqual(
        [...config.certificates.keys()].sort(),
        [...new Set([...Object.keys(mine), ...Object.keys(theirs)])].sort(),
      );
      for (const [name, files] of config.certificates) {
        const wholes = [mine[name], theirs[name]].filter((known) => known && isWhole(name, known));
        if (wholes.length > 0) assert.ok(isWhole(name, files));
      }
    }),
  );
});

/** Two machines that share a store through a sync program, which has just brought the second one's files. */
async function synced(t: TestContext) {
  const { home, run, json } = await world(t);
  const { team } = await openStores(home);
  await team.put('both', update(), false);
  const other = join(home, 'other-machine');
  await cp(team.folder, other, { recursive: true });
  await team.put('mine', update(), false);
  await new TeamStore(other).put('theirs', developer('endpoint-1'), false);
  return { home, run, json, team, other };
}

test('an entry on each side: named, then merged, whatever the copy is called', async (t) => {
  for (const name of [
    'config (conflicted copy 2026-03-01).json',
    'config.sync-conflict-20260301-120000-A.json',
    'config (1).json',
  ]) {
    await t.test(name, async (t) => {
      const { run, json, team, other } = await synced(t);
      await cp(join(other, 'theirs'), join(team.folder, 'theirs'), { recursive: true });
      await cp(join(other, 'config.json'), join(team.folder, name));

      const found = await run(['store', 'check']);
      assert.equal(found.status, 1);
      assert.ok(
        found.stdout.includes(`Wrong: ${name} is a conflict copy of config.json, which lists 'theirs' besides.`),
      );
      assert.deepEqual(await team.names(), ['both', 'mine']);

      const mended = await run(['store', 'check', '--repair']);
      assert.deepEqual([mended.status, mended.stderr], [0, '']);
      assert.match(mended.stdout, /Mended: Merged config.*: 'theirs' came in\.\nAll is well\.\n$/);
      assert.deepEqual(await team.names(), ['both', 'mine', 'theirs']);
      assert.equal((await team.find('theirs'))?.kind, 'developer');
      assert.deepEqual((await readdir(team.folder)).sort(), ['both', 'config.json', 'mine', 'theirs']);
      assert.deepEqual((await json(['store', 'check'])).problems, []);
    });
  }
});

test('an entry whose files have not come yet stays listed as incomplete', async (t) => {
  const { run, team, other } = await synced(t);
  await cp(join(other, 'config.json'), join(team.folder, 'config (1).json'));
  const ran = await run(['store', 'check', '--repair']);
  assert.equal(ran.status, 1);
  assert.match(
    ran.stdout,
    /Wrong: The folder of 'theirs' is missing\.\n +If a sync program is still at work, wait for it\./,
  );
  assert.deepEqual(await team.names(), ['both', 'mine', 'theirs']);
});

test('a copy that cannot be read is named and left where it is', async (t) => {
  const { run, team } = await synced(t);
  await writeFile(join(team.folder, 'config (1).json'), '{');
  for (const argv of [[], ['--repair']]) {
    const ran = await run(['store', 'check', ...argv]);
    assert.equal(ran.status, 1);
    assert.match(ran.stdout, /config \(1\)\.json is a conflict copy of config\.json that cannot be read\./);
  }
  assert.equal(await readFile(join(team.folder, 'config (1).json'), 'utf8'), '{');
});

test('both machines replaced one certificate: both sets are kept', async (t) => {
  const { run, team, other } = await synced(t);
  const [mine, theirs] = [update(), update()];
  await team.put('both', mine, true);
  await new TeamStore(other).put('both', theirs, true);
  const label = 'conflicted copy 2026-03-01';
  for (const file of await readdir(join(other, 'both'))) {
    await cp(join(other, 'both', file), join(team.folderOf('both'), file.replace('.bin', ` (${label}).bin`)));
  }
  assert.equal((await run(['store', 'check'])).status, 1);
  const mended = await run(['store', 'check', '--repair']);
  assert.equal(mended.status, 0, mended.stdout);
  assert.deepEqual(await team.names(), ['both', 'mine', `both (${label})`]);
  const data = async (name: string) => (await team.find(name))?.items.map((item) => Buffer.from(item.data));
  assert.deepEqual(
    await data('both'),
    mine.map((item) => Buffer.from(item.data)),
  );
  assert.deepEqual(
    await data(`both (${label})`),
    theirs.map((item) => Buffer.from(item.data)),
  );
  assert.equal((await readdir(team.folderOf('both'))).length, mine.length);
});

test('copies of folders: the same goes, another is listed beside; a folder that lost its entry is listed again', async (t) => {
  const { run, team, other } = await synced(t);
  await cp(team.folderOf('both'), team.folderOf('both (1)'), { recursive: true });
  await cp(join(other, 'theirs'), team.folderOf('both (2)'), { recursive: true });
  await rename(join(other, 'theirs'), team.folderOf('lost'));
  await mkdir(team.folderOf('notes'));
  await writeFile(join(team.folderOf('notes'), 'a.txt'), '');
  const ran = await run(['store', 'check', '--repair']);
  assert.equal(ran.status, 1);
  assert.match(ran.stdout, /1 thing is wrong/);
  assert.match(ran.stdout, /Wrong: The folder notes is not listed and holds no whole certificate\./);
  assert.deepEqual((await team.names()).sort(), ['both', 'both (2)', 'lost', 'mine']);
  assert.equal((await readdir(team.folder)).includes('both (1)'), false);
});

test('the store at another path: of another mount, and as Arm’s tool wrote it there', async (t) => {
  const { home, run, team } = await synced(t);
  await run(['store', 'check']);
  const elsewhere = join(home, 'mnt', 'team');
  await mkdir(join(home, 'mnt'));
  await rename(team.folder, elsewhere);
  const list = JSON.parse(await readFile(join(elsewhere, 'config.json'), 'utf8'));
  for (const location of [list.location, 'C:\\Users\\ann\\team', '../relative']) {
    const files = (name: string) => list.dev_certs[name].map((path: string) => path.split('/').at(-1));
    const separator = location.includes('\\') ? '\\' : '/';
    const written = {
      location,
      api_key: '',
      dev_certs: {
        mine: files('mine').map((file: string) => [location, 'mine', file].join(separator)),
        both: files('both').map((file: string) => [location, 'both', file].join(separator)),
      },
    };
    await writeFile(join(elsewhere, 'config.json'), JSON.stringify(written));
    await writeFile(join(home, '.mbl-stores.json'), JSON.stringify({ user: '~/.mbl-store/user', team: elsewhere }));
    const ran = await run(['store', 'check']);
    assert.equal(ran.status, 0, ran.stdout);
    assert.match(
      ran.stdout,
      /^Team Store \S+\/mnt\/team:\n {2}mine: update certificate, 7 files, until 2046-01-01\n {2}both: /,
    );
  }
});

test('what else can be wrong, each with its place', async (t) => {
  const { home, run, json, team } = await synced(t);
  await team.put('dev', developer('e-1'), false);
  await team.put('dev2', developer('e-2'), false);
  const key = 'MBED_CLOUD_DEV_BOOTSTRAP_DEVICE_PRIVATE_KEY.bin';
  await cp(join(team.folderOf('dev2'), key), join(team.folderOf('dev'), key));
  await rm(join(team.folderOf('both'), 'arm_uc_class_id.bin'));
  await writeFile(join(team.folderOf('mine'), 'arm_uc_default_fingerprint.bin'), Buffer.alloc(32));
  await writeFile(join(team.folder, 'readme.txt'), '');
  const kinds = (await json(['store', 'check'])) as {
    problems: { kind: string; path: string; certificate?: string }[];
  };
  assert.deepEqual(
    kinds.problems.map(({ kind, certificate }) => [kind, certificate]),
    [
      ['extra', undefined],
      ['missing', 'both'],
      ['damaged', 'mine'],
      ['damaged', 'dev'],
    ],
  );
  assert.match(
    (await run(['store', 'check'])).stdout,
    /'dev' cannot be put on a device: its key belongs to another certificate/,
  );

  const path = join(home, '.mbl-store/team/config.json');
  await writeFile(path, '{"dev_certs": ');
  const malformed = await run(['store', 'check', '--repair']);
  assert.equal(malformed.status, 1);
  assert.match(malformed.stdout, /Wrong: \S+config\.json is not a JSON object\./);
  assert.equal(await readFile(path, 'utf8'), '{"dev_certs": ');
  await writeFile(join(home, '.mbl-stores.json'), '"user": x');
  assert.equal((await run(['store', 'check', '--repair'])).status, 255);
  assert.equal(await readFile(join(home, '.mbl-stores.json'), 'utf8'), '"user": x');
});

test('expired, and not valid yet, by the clock of this machine', async (t) => {
  const { team } = await synced(t);
  const { checkTeamStore } = await import('../src/stores/check.ts');
  for (const [now, kind] of [
    ['2050-01-01', 'expired'],
    ['2020-01-01', 'not-yet-valid'],
  ] as const) {
    const { problems } = await checkTeamStore(team.folder, new Date(now));
    assert.deepEqual(
      problems.map((problem) => [problem.kind, problem.certificate]),
      [
        [kind, 'both'],
        [kind, 'mine'],
      ],
    );
  }
});
