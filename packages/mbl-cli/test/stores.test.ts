import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isMooringError } from '@mooring/platform';
import fc from 'fast-check';
import { locationsPath, parseLocations, storeLocations } from '../src/stores/locations.ts';
import { formatStoreConfig, parseStoreConfig } from '../src/stores/store-config.ts';
import { openStores } from '../src/stores/stores.ts';
import { TeamStore } from '../src/stores/team-store.ts';
import { UserStore } from '../src/stores/user-store.ts';
import { temporaryFolder } from './world.ts';

const modeOf = async (path: string) => (await stat(path)).mode & 0o777;
const items = (...names: string[]) => names.map((name) => ({ name, data: Buffer.from(`content of ${name}`) }));
const update = items('arm_uc_vendor_id', 'arm_uc_class_id');

async function teamStore(t: TestContext): Promise<TeamStore> {
  const { team } = await openStores(await temporaryFolder(t));
  return team;
}

test('first use makes the file with the places and both folders with the documented modes', async (t) => {
  const home = await temporaryFolder(t);
  await openStores(home);
  assert.equal(
    await readFile(join(home, '.mbl-stores.json'), 'utf8'),
    `{"user": "${home}/.mbl-store/user", "team": "${home}/.mbl-store/team"}`,
  );
  assert.equal(await modeOf(join(home, '.mbl-store/user')), 0o700);
  assert.equal(await modeOf(join(home, '.mbl-store/team')), 0o760);
});

test('the places: absolute, from home by ~, and relative to the file', () => {
  for (const [written, place] of [
    ['/srv/team', '/srv/team'],
    ['~/team', '/home/me/team'],
    ['~', '/home/me'],
    ['path/to/team/store', '/home/me/path/to/team/store'],
    ['../team', '/home/team'],
  ] as const) {
    const text = JSON.stringify({ user: '/u', team: written, kept: 1 });
    assert.equal(parseLocations(text, '/home/me/.mbl-stores.json', '/home/me').team, place);
  }
});

test('a damaged file of places is named and left alone; one that says nothing is filled', async (t) => {
  const home = await temporaryFolder(t);
  const path = locationsPath(home);
  for (const content of [
    '"user": path/to/user/store,\n"team": path/to/team/store\n',
    '[]',
    'null',
    '"x"',
    '{"user": "/u"}',
    '{"user": "/u", "team": ""}',
    '{"user": 7, "team": "/t"}',
  ]) {
    await writeFile(path, content);
    await assert.rejects(openStores(home), (error: Error) => {
      assert.match(error.message, /^Store Type not recognised\. Only User and Team supported\./);
      assert.ok(error.message.includes(path));
      return isMooringError(error) && error.code === 'store.locations.malformed';
    });
    assert.equal(await readFile(path, 'utf8'), content);
  }
  for (const content of ['', ' \n', '{}']) {
    await writeFile(path, content);
    assert.equal((await storeLocations(home)).user, join(home, '.mbl-store/user'));
    assert.notEqual(await readFile(path, 'utf8'), content);
  }
});

test('config.json is what the old tool writes, in one line; its own unknown keys come after', () => {
  const text =
    '{"location": "/t", "api_key": "", "dev_certs": {"UC": ["/t/UC/arm_uc_vendor_id.bin"], "7": ["/t/7/a.bin"], "DC": []}}';
  const config = parseStoreConfig(text, 'config.json');
  assert.deepEqual(
    [...config.certificates],
    [
      ['7', ['a.bin']],
      ['UC', ['arm_uc_vendor_id.bin']],
      ['DC', []],
    ],
  );
  config.others.note = 'kept';
  const written = formatStoreConfig(config, '/t');
  assert.deepEqual(JSON.parse(written), { ...JSON.parse(text), note: 'kept' });
  assert.doesNotMatch(written, /\n/);
});

test('a store that was moved is used where it is, and says so from the next change on', async (t) => {
  const store = await teamStore(t);
  await mkdir(join(store.folder, 'UC'));
  await writeFile(join(store.folder, 'UC/arm_uc_vendor_id.bin'), 'v');
  const old = { location: '/old', api_key: '', dev_certs: { UC: ['/old/UC/arm_uc_vendor_id.bin'] } };
  await writeFile(join(store.folder, 'config.json'), JSON.stringify(old));
  assert.equal((await store.find('UC'))?.kind, 'update');
  await store.put('NEW', update, false);
  const config = JSON.parse(await readFile(join(store.folder, 'config.json'), 'utf8'));
  assert.equal(config.location, store.folder);
  assert.deepEqual(config.dev_certs.UC, [join(store.folder, 'UC/arm_uc_vendor_id.bin')]);
});

test('a damaged config.json is named and never overwritten', async (t) => {
  const store = await teamStore(t);
  const path = join(store.folder, 'config.json');
  for (const content of ['{', '[]', '{"dev_certs": {}}', '{"api_key": "", "dev_certs": {"a": "b"}}']) {
    await writeFile(path, content);
    await assert.rejects(store.put('a', update, false), { code: 'store.config.malformed' });
    await assert.rejects(store.names(), { code: 'store.config.malformed' });
    assert.equal(await readFile(path, 'utf8'), content);
  }
  await writeFile(path, '');
  assert.equal(await store.put('a', update, false), 'added');
});

test('no JSON and no text makes the parser fail in another way', () => {
  const entry = fc.record(
    {
      location: fc.anything(),
      api_key: fc.oneof(fc.string(), fc.anything()),
      dev_certs: fc.oneof(fc.dictionary(fc.string(), fc.array(fc.string())), fc.anything()),
      mooring_service: fc.anything(),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        entry.map((value) => JSON.stringify(value) ?? ''),
      ),
      (text) => {
        try {
          const config = parseStoreConfig(text, 'config.json');
          assert.deepEqual(
            [...parseStoreConfig(formatStoreConfig(config, '/t'), 'x').certificates.keys()].sort(),
            [...config.certificates.keys()].sort(),
          );
        } catch (error) {
          assert.ok(isMooringError(error), String(error));
        }
      },
    ),
  );
});

test('the saved key keeps its service, until another tool replaces the key', async (t) => {
  const { user } = await openStores(await temporaryFolder(t));
  assert.equal(await user.read(), undefined);
  const saved = { apiKey: 'ak_1', service: { url: 'https://dm.example', ca: 'PEM' } };
  await user.save(saved);
  assert.deepEqual(await user.read(), saved);
  const path = join(user.folder, 'config.json');
  assert.equal(await modeOf(path), 0o600);
  await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), api_key: 'ak_2' }));
  assert.deepEqual(await new UserStore(user.folder).read(), { apiKey: 'ak_2' });
});

test('put: added, unchanged, refused, replaced without a trace of the old files', async (t) => {
  const store = await teamStore(t);
  const other = items('arm_uc_vendor_id');
  assert.equal(await store.put('UC', update, false), 'added');
  assert.equal(await store.put('UC', [...update].reverse(), false), 'unchanged');
  await assert.rejects(store.put('UC', other, false), { code: 'store.name.taken' });
  assert.equal(await store.put('UC', other, true), 'replaced');
  assert.deepEqual(await readdir(store.folderOf('UC')), ['arm_uc_vendor_id.bin']);
  assert.deepEqual((await readdir(store.folder)).sort(), ['UC', 'config.json']);
});

test('a folder that holds something else is not taken for a certificate', async (t) => {
  const store = await teamStore(t);
  await mkdir(store.folderOf('notes'));
  await writeFile(join(store.folderOf('notes'), 'important.txt'), '');
  await assert.rejects(store.put('notes', update, true), { code: 'store.folder.foreign' });
  assert.deepEqual((await readdir(store.folder)).sort(), ['notes']);
  assert.deepEqual(await store.names(), []);
});

test('private keys are for the owner alone, and for the group of a folder that was shared on purpose', async (t) => {
  const store = await teamStore(t);
  const developer = items('MBED_CLOUD_DEV_BOOTSTRAP_DEVICE_PRIVATE_KEY', 'MBED_CLOUD_DEV_ACCOUNT_ID');
  const modes = async (name: string) =>
    Promise.all(
      ['', ...developer.map((item) => `${item.name}.bin`)].map((file) => modeOf(join(store.folderOf(name), file))),
    );
  await store.put('mine', developer, false);
  assert.deepEqual(await modes('mine'), [0o700, 0o600, 0o640]);
  await chmod(store.folder, 0o770);
  await store.put('ours', developer, false);
  assert.deepEqual(await modes('ours'), [0o770, 0o640, 0o640]);
  assert.equal(await modeOf(join(store.folder, 'config.json')), 0o660);
});

test('delete: the files and the entry; a path that leads out of the store is only taken off the list', async (t) => {
  const store = await teamStore(t);
  await store.put('UC', update, false);
  const outside = join(store.folder, '..', 'evil');
  await mkdir(outside);
  const path = join(store.folder, 'config.json');
  const config = JSON.parse(await readFile(path, 'utf8'));
  config.dev_certs['../evil'] = [join(outside, 'a.bin')];
  await writeFile(path, JSON.stringify(config));

  await assert.rejects(store.delete('../evil'), { code: 'store.files.left' });
  assert.ok((await stat(outside)).isDirectory());
  await store.delete('UC');
  assert.deepEqual([await store.names(), await readdir(store.folder)], [[], ['config.json']]);
  await assert.rejects(store.delete('UC'), {
    message: "Certificate 'UC' not found in the store, so could not be deleted.",
  });
});

test('many at once: no change is lost', async (t) => {
  const store = await teamStore(t);
  const names = Array.from({ length: 12 }, (_, index) => `cert ${index}`);
  await Promise.all(names.map((name) => new TeamStore(store.folder).put(name, update, false)));
  assert.deepEqual((await store.names()).sort(), [...names].sort());
});
