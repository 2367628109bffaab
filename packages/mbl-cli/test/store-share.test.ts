import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmod, chown, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Groups, systemGroups } from '../src/stores/groups.ts';
import { shareStore } from '../src/stores/share.ts';
import { openStores } from '../src/stores/stores.ts';
import { temporaryFolder, world } from './world.ts';

const items = (...names: string[]) => names.map((name) => ({ name, data: Buffer.from(`content of ${name}`) }));
const key = 'MBED_CLOUD_DEV_BOOTSTRAP_DEVICE_PRIVATE_KEY';
const developer = items(key, 'MBED_CLOUD_DEV_ACCOUNT_ID');
const mode = async (path: string) => ((await stat(path)).mode & 0o7777).toString(8);
const uid = process.getuid?.() ?? -1;
const gid = process.getgid?.() ?? -1;
const noGroups = uid === -1 && 'this system has no groups of that kind';

/** The group of this process under a name. */
const groups: Groups = {
  find: async (name) => ({ us: { name, gid }, others: { name, gid: gid + 1 } })[name],
  own: () => ({ uid, gids: [gid] }),
};

async function opened(t: TestContext) {
  const home = await temporaryFolder(t);
  const stores = await openStores(home);
  return { home, ...stores, surroundings: { groups, privateFolder: stores.user.folder, home } };
}

async function modesIn(folder: string, name: string): Promise<string[]> {
  const paths = ['', 'config.json', name, `${name}/${key}.bin`, `${name}/MBED_CLOUD_DEV_ACCOUNT_ID.bin`];
  return Promise.all(paths.map((path) => mode(join(folder, path))));
}

test('shared: what was there and whatever is written later is for the group', { skip: noGroups }, async (t) => {
  for (const [write, expected] of [
    [true, ['2770', '660', '2770', '640', '640']],
    [false, ['2750', '640', '2750', '640', '640']],
  ] as const) {
    const { team, surroundings } = await opened(t);
    await team.put('before', developer, false);
    const { barrier } = await shareStore(team, { group: 'us', write }, surroundings);
    // The folder that holds the temporary home is for its owner alone.
    assert.ok(barrier);
    assert.deepEqual(await modesIn(team.folder, 'before'), expected);
    const umask = process.umask(0o077);
    try {
      await team.put('after', developer, false);
      await team.put('before', items('arm_uc_vendor_id'), true);
      await team.delete('before');
    } finally {
      process.umask(umask);
    }
    assert.deepEqual(await modesIn(team.folder, 'after'), expected);
    // A sync program or a restored backup did not keep the modes: what is written is for the group all the same.
    await chmod(team.folder, 0o700);
    await openStores(surroundings.home);
    await team.put('later', developer, false);
    assert.deepEqual((await modesIn(team.folder, 'later')).slice(1), expected.slice(1));
    const config = JSON.parse(await readFile(join(team.folder, 'config.json'), 'utf8'));
    assert.deepEqual(config.mooring_sharing, { group: 'us', write });
  }
});

test('store check sees what a shared store has lost, and --repair gives it back', { skip: noGroups }, async (t) => {
  const { home, run } = await world(t);
  const { team, user } = await openStores(home);
  await shareStore(team, { group: 'us', write: true }, { groups, privateFolder: user.folder, home });
  await team.put('dev', developer, false);
  await chmod(team.folder, 0o755);
  await chmod(team.folderOf('dev'), 0o755);
  await chmod(join(team.folderOf('dev'), `${key}.bin`), 0o644);
  const found = await run(['store', 'check']);
  assert.match(found.stdout, /^Team Store \S+, shared with the group us:\n/);
  assert.match(found.stdout, /team is 0755 and should be 2770\. It is open to more users/);
  assert.match(found.stdout, /team\/dev is 0755 and should be 2770 for the group us\./);
  assert.match(found.stdout, /PRIVATE_KEY\.bin is 0644 and should be 0640\. The private key is open to more users/);
  await run(['store', 'check', '--repair']);
  assert.deepEqual(await modesIn(team.folder, 'dev'), ['2770', '660', '2770', '640', '640']);
});

test('keys as Arm’s tool leaves them, readable by all, are found and closed', { skip: noGroups }, async (t) => {
  const { home, run } = await world(t);
  const { team, user } = await openStores(home);
  await user.save({ apiKey: 'ak_1', service: { url: 'https://dm.example' } });
  await team.put('dev', developer, false);
  const [bin, config] = [join(team.folderOf('dev'), `${key}.bin`), join(user.folder, 'config.json')];
  await chmod(bin, 0o644);
  await chmod(config, 0o644);
  const found = await run(['store', 'check']);
  assert.match(found.stdout, /PRIVATE_KEY\.bin is 0644 and should be 0600/);
  assert.match(found.stdout, /user\/config\.json is open to other users, and holds an API key/);
  await run(['store', 'check', '--repair']);
  assert.deepEqual([await mode(bin), await mode(config)], ['600', '600']);
});

test('refused with a sentence, and nothing is changed', { skip: noGroups }, async (t) => {
  const { team, user, surroundings, home } = await opened(t);
  await team.put('dev', developer, false);
  const before = await modesIn(team.folder, 'dev');
  const stranger: Groups = { ...groups, own: () => ({ uid: uid + 1, gids: [gid] }) };
  const ordinary: Groups = {
    ...groups,
    // Root may give files to any group.
    own: () => ({ uid: uid === 0 ? 7 : uid, gids: [gid] }),
  };
  if (uid === 0) await chown(team.folder, 7, gid);
  for (const [name, group, world, code] of [
    ['no such group', 'nobodies', ordinary, 'store.share.group.unknown'],
    ['not in the group', 'others', ordinary, 'store.share.group.foreign'],
    ['the folder of another user', 'us', { ...stranger, own: () => ({ uid: 8, gids: [gid] }) }, 'store.share.owner'],
    ['no groups at all', 'us', { ...groups, own: () => undefined }, 'store.share.unsupported'],
  ] as const) {
    await t.test(name, async () => {
      await assert.rejects(
        shareStore(team, { group, write: true }, { ...surroundings, groups: world }),
        (error: Error) => {
          assert.ok(error.message.endsWith('.'));
          return (error as { code?: string }).code === code;
        },
      );
      assert.deepEqual(await modesIn(team.folder, 'dev'), before);
    });
  }
  await writeFile(join(home, '.mbl-stores.json'), JSON.stringify({ user: user.folder, team: user.folder }));
  const both = await openStores(home);
  await assert.rejects(shareStore(both.team, { group: 'us', write: true }, surroundings), {
    code: 'store.share.private',
  });
});

test('the groups of this system', { skip: noGroups }, async () => {
  const { stdout } = spawnSync('id', ['-gn'], { encoding: 'utf8' });
  assert.deepEqual(await systemGroups.find(stdout.trim()), { name: stdout.trim(), gid });
  assert.equal(await systemGroups.find('no such group of this machine'), undefined);
  assert.ok(systemGroups.own()?.gids.includes(gid));
});

/** Runs mbl-cli as another user, in a group besides his own. */
function runAs(user: number, group: number, home: string, script: string) {
  const main = `
    process.setgroups([${group}]); process.setgid(${user}); process.setuid(${user}); process.umask(0o077);
    const { TeamStore } = await import(${JSON.stringify(new URL('../src/stores/team-store.ts', import.meta.url).href)});
    const store = new TeamStore(${JSON.stringify(join(home, 'team'))});
    const items = (...names) => names.map((name) => ({ name, data: Buffer.from(name) }));
    ${script}`;
  return spawnSync(process.execPath, ['--input-type=module', '-e', main], { encoding: 'utf8', cwd: '/' });
}

const notRoot = uid !== 0 && 'only root can be two other users';

test('two members, each with a strict umask: both use, replace and delete what the other wrote', {
  skip: notRoot,
}, async (t) => {
  const home = await temporaryFolder(t);
  await chmod(home, 0o755);
  const [ann, bob, team] = [12_001, 12_002, 12_100];
  await mkdir(join(home, 'team'));
  await chown(join(home, 'team'), ann, ann);
  const shareScript = `
    const { shareStore } = await import(${JSON.stringify(new URL('../src/stores/share.ts', import.meta.url).href)});
    const groups = { find: async (name) => ({ name, gid: ${team} }), own: () => ({ uid: process.getuid(), gids: process.getgroups() }) };
    await shareStore(store, { group: 'team', write: true }, { groups, privateFolder: '/nowhere', home: '/nowhere' });`;
  const ok = (ran: ReturnType<typeof runAs>) => assert.equal(ran.status, 0, ran.stderr);
  ok(runAs(ann, team, home, `await store.put('one', items('${key}'), false); ${shareScript}`));
  ok(
    runAs(
      bob,
      team,
      home,
      `await store.find('one');
       await store.put('one', items('${key}', 'MBED_CLOUD_DEV_ACCOUNT_ID'), true);
       await store.put('two', items('${key}'), false);`,
    ),
  );
  ok(
    runAs(
      ann,
      team,
      home,
      `const found = await store.find('one');
       if (found.items.length !== 2) throw new Error('not what Bob wrote');
       await store.delete('two');
       await store.put('three', items('${key}'), false);`,
    ),
  );
  // Somebody of another group can do nothing, and a killed member's change is brought to an end by the next.
  assert.match(runAs(12_003, 12_003, home, `await store.names();`).stderr, /may not be accessed by this user/);
  const killed = `
    const { beginChange, moveAside } = await import(${JSON.stringify(new URL('../src/stores/change-folder.ts', import.meta.url).href)});
    await store.exclusively(async (config, modes) => {
      await moveAside(store.folder, await beginChange(store.folder, modes), 'one', 'old', modes);
      process.kill(process.pid, 'SIGKILL');
    });`;
  assert.equal(runAs(bob, team, home, killed).signal, 'SIGKILL');
  ok(runAs(ann, team, home, `if (!(await store.find('one'))) throw new Error('lost');`));
  for (const name of ['one', 'three']) {
    const { gid: group } = await stat(join(home, 'team', name));
    assert.deepEqual([group, await mode(join(home, 'team', name, `${key}.bin`))], [team, '640']);
  }
  assert.deepEqual((await readdir(join(home, 'team'))).sort(), ['config.json', 'one', 'three']);
});
