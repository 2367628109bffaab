import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { clientFileName } from '@mooring/credentials';
import { provisionAnew } from '../src/provisioning/earlier-client.ts';
import { fakeService, goodKey } from './fake-service.ts';
import { updateResources } from './update-resources.ts';
import { device, temporaryFolder, world } from './world.ts';

const provisioned = ['mbed.EndpointName', 'mbed.BootstrapServerURI'];
const bootstrapped = [...provisioned, 'mbed.LwM2MServerURI'];

/** Files as MBL's own client has them for these items. */
function clientFiles(folder: string, items: readonly string[]): void {
  mkdirSync(join(folder, 'WORKING'), { recursive: true });
  for (const name of items) writeFileSync(join(folder, 'WORKING', clientFileName({ name, type: 'config' })), 'secret');
  writeFileSync(join(folder, 'flashSim'), 'the time');
}

/** A device on which MBL's own client ran, and what is needed to provision it. */
async function bench(t: TestContext, items: readonly string[]) {
  const [made, service, target] = await Promise.all([world(t), fakeService(t), device(t)]);
  writeFileSync(join(made.home, 'upd.c'), updateResources());
  await made.run(['save-api-key', goodKey, '--service', service.url]);
  const folder = join(target.root, 'config/user/pal');
  clientFiles(folder, items);
  const argv = ['-a', target.at, 'provision-pelion', 'dev', 'upd', '-c', '-p', 'upd.c'];
  return { ...made, argv, folder, before: readdirSync(join(folder, 'WORKING')), root: target.root };
}

test('a device that was bootstrapped elsewhere: without a person it is warned of, and nothing is taken', async (t) => {
  const { run, argv, folder, before } = await bench(t, bootstrapped);
  const { status, stderr } = await run(argv);
  assert.equal(status, 0);
  assert.match(stderr, /^Warning: This device was connected before: .*register there\. '--wipe' takes it away\.$/m);
  assert.deepEqual(readdirSync(join(folder, 'WORKING')), before);
});

for (const [answer, left] of [
  ['y', false],
  ['n', true],
  ['', true],
] as const) {
  test(`a person is asked, and answers ${JSON.stringify(answer)}`, async (t) => {
    const { runOnTerminal, argv, folder } = await bench(t, bootstrapped);
    const { status, stdout } = await runOnTerminal(argv, async (terminal) => {
      await terminal.shows(/with its idea of the time\? \[y\/N\]/);
      terminal.type(`${answer}\n`);
    });
    assert.equal(status, 0);
    assert.equal(existsSync(join(folder, 'WORKING')), left);
    assert.equal(existsSync(join(folder, 'flashSim')), left);
    assert.equal(/is gone\.$/m.test(stdout), !left);
  });
}

for (const [option, wiped] of [
  ['--wipe', true],
  ['--no-wipe', false],
] as const) {
  test(`${option}: no question and no warning`, async (t) => {
    const { json, argv, folder } = await bench(t, bootstrapped);
    const { earlierClient } = await json([...argv, option]);
    assert.deepEqual(earlierClient, { folder: '/config/user/pal', bootstrapped: true, wiped });
    assert.equal(existsSync(join(folder, 'WORKING')), !wiped);
    assert.equal(existsSync(`${folder}.before`), false);
  });
}

test('both options are one too many', async (t) => {
  const { run, argv } = await bench(t, []);
  assert.equal((await run([...argv, '--wipe', '--no-wipe'])).status, 2);
});

test('provisioned and never connected: nobody is asked', async (t) => {
  const { run, argv, folder, before } = await bench(t, provisioned);
  const { status, stderr } = await run(argv);
  assert.equal(status, 0);
  assert.doesNotMatch(stderr, /was connected before/);
  assert.deepEqual(readdirSync(join(folder, 'WORKING')), before);
});

test('a provisioning that fails puts back what the client had', async (t) => {
  const { run, argv, folder, before, root } = await bench(t, bootstrapped);
  writeFileSync(join(root, 'opt/arm/pelion-provisioning-util'), '#!/bin/sh\nexit 1\n');
  assert.equal((await run([...argv, '--wipe'])).status, 1);
  assert.deepEqual(readdirSync(join(folder, 'WORKING')), before);
  assert.equal(readFileSync(join(folder, 'flashSim'), 'utf8'), 'the time');
});

test('doctor says whose program is on the device', async (t) => {
  const { run, argv, root } = await bench(t, []);
  const says = async () => (await run([...argv.slice(0, 2), 'doctor'])).stdout;
  assert.match(await says(), /pelion-provisioning-util, Mooring's$/m);
  const usage = 'Usage: pelion-provisioning-util --provision | --get-pelion-status';
  writeFileSync(join(root, 'opt/arm/pelion-provisioning-util'), `#!/bin/sh\necho '${usage}'; exit 2\n`);
  assert.match(await says(), /pelion-provisioning-util, MBL's own$/m);
});

/** The command as a device's own shell runs it, with a systemctl that writes down what it was asked. */
async function onShell(t: TestContext, program: string) {
  const root = await temporaryFolder(t);
  const folder = join(root, 'pal');
  clientFiles(folder, bootstrapped);
  writeFileSync(join(root, 'systemctl'), `#!/bin/sh\necho "$@" >> ${root}/asked\nexit 5\n`);
  chmodSync(join(root, 'systemctl'), 0o755);
  writeFileSync(join(root, 'program'), `#!/bin/sh\n${program}\n`);
  chmodSync(join(root, 'program'), 0o755);
  const run = () =>
    spawnSync('sh', ['-c', provisionAnew(join(root, 'program'), folder)], {
      encoding: 'utf8',
      env: { ...process.env, PATH: `${root}:${process.env.PATH}` },
    });
  return { root, folder, run, asked: () => readFileSync(join(root, 'asked'), 'utf8') };
}

test('on a real shell: stopped, wiped, provisioned, started', async (t) => {
  const { root, folder, run, asked } = await onShell(t, 'echo new > "$(dirname "$0")"/pal/item; echo done');
  const { status, stdout } = run();
  assert.deepEqual([status, stdout], [0, 'done\n']);
  assert.deepEqual(readdirSync(folder), ['item']);
  assert.equal(existsSync(join(root, 'pal.before')), false);
  assert.equal(asked(), 'stop mbl-cloud-client\nstart mbl-cloud-client\n');
});

test('on a real shell: a program that fails in the middle leaves everything as it was, with its own exit status', async (t) => {
  const { folder, run, asked } = await onShell(t, 'echo half > "$(dirname "$0")"/pal/item; echo no >&2; exit 37');
  const { status, stderr } = run();
  assert.deepEqual([status, stderr], [37, 'no\n']);
  assert.deepEqual(readdirSync(folder).sort(), ['WORKING', 'flashSim']);
  assert.equal(asked(), 'stop mbl-cloud-client\nstart mbl-cloud-client\n');
});

test('on a real shell: what an earlier attempt left beside is no hindrance', async (t) => {
  const { root, run, folder } = await onShell(t, 'true');
  mkdirSync(join(root, 'pal.before'));
  assert.equal(run().status, 0);
  assert.deepEqual(readdirSync(folder), []);
});
