// Kill -9 at every step of provisioning, of the host command, the service and the device in turn: the device holds the old set
// or the new one, no key is lost, and the same command line gets to the end afterwards.
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { provisioningItems } from '@mooring/credentials';
import { fileKeyProvider, SecureStorage } from '@mooring/device';
import { importPrivateKey, matches, parseCertificate } from '@mooring/pki';
import { Chain, type RunOptions } from './chain.ts';

/** Moments at which each of the three is killed, spread over the time that an undisturbed run takes. */
const rounds = Number(process.env.MOORING_KILL_ROUNDS ?? 4);

let chain: Chain;
let duration: number;

/** What is in the device's storage belongs together; returns the endpoint name. */
async function endpointOnDevice(): Promise<string> {
  const storage = await SecureStorage.open({
    folder: join(chain.deviceRoot, 'config/user/mooring'),
    keyProvider: fileKeyProvider(join(chain.deviceRoot, 'config/user/mooring.key')),
  });
  return storage.read(async (snapshot) => {
    const item = async (name: string) =>
      (await snapshot.get(name))?.data ?? assert.fail(`${name} is missing on the device`);
    for (const { name } of provisioningItems) await item(name);
    const certificate = parseCertificate(await item('mbed.BootstrapDeviceCert'));
    assert.ok(matches(importPrivateKey(await item('mbed.BootstrapDevicePrivateKey')), certificate));
    const endpoint = Buffer.from(await item('mbed.EndpointName')).toString();
    assert.equal(certificate.subject.commonName, endpoint);
    return endpoint;
  });
}

const provision = (name: string, flags: string[], options?: RunOptions) =>
  chain.run('mbl-cli', ['-a', chain.deviceAddress, 'provision-pelion', name, 'update', ...flags], options);

/** As a user would after a failure: the same again, and without -c where that says that the certificate exists. */
async function goOn(name: string): Promise<void> {
  const again = await provision(name, ['-c', '-p', 'update_default_resources.c']);
  if (again.status === 0) return;
  const without = await provision(name, ['-p', 'update_default_resources.c']);
  assert.equal(without.status, 0, `with -c:\n${again.stderr}\nwithout:\n${without.stdout}${without.stderr}`);
}

async function idInService(name: string): Promise<string> {
  const { stdout } = await chain.ok('mbl-cli', ['list-certificates', '--json']);
  const found = (JSON.parse(stdout).service as { id: string; name: string }[]).filter((one) => one.name === name);
  assert.equal(found.length, 1, `${name} is in the service ${found.length} times`);
  return String(found[0]?.id);
}

function killAfter(milliseconds: number, target: (command: ChildProcess) => ChildProcess): RunOptions {
  return {
    started(command) {
      const timer = setTimeout(() => target(command).kill('SIGKILL'), milliseconds);
      // A command that was faster this time: what is started next is not to be hit.
      command.once('exit', () => clearTimeout(timer));
    },
  };
}

before(async () => {
  chain = await Chain.start();
  const key = await chain.apiKey('kill');
  await chain.ok('manifest-tool', ['init', '-d', 'arm.com', '-m', 'dev-device', '-q']);
  await chain.ok('mbl-cli', ['save-api-key', key, '--service', chain.url]);
  const start = performance.now();
  assert.equal((await provision('first', ['-c', '-p', 'update_default_resources.c'])).status, 0);
  duration = performance.now() - start;
});
after(() => chain.stop());

interface Victim {
  name: string;
  target(command: ChildProcess): ChildProcess;
  restart(): Promise<void>;
}

const victims: Victim[] = [
  { name: 'host', target: (command) => command, restart: async () => undefined },
  {
    name: 'service',
    target: () => chain.service.child,
    async restart() {
      await chain.service.stop('SIGKILL');
      await chain.startService(Number(new URL(chain.url).port));
    },
  },
  {
    name: 'device',
    target: () => chain.device.child,
    async restart() {
      await chain.device.stop('SIGKILL');
      await chain.startDevice();
    },
  },
];

for (const { name: victim, target, restart } of victims) {
  test(`kill -9 of the ${victim} at ${rounds} moments of provisioning`, async () => {
    for (let round = 0; round < rounds; round++) {
      const name = `${victim} ${round}`;
      const before = await endpointOnDevice();
      await provision(
        name,
        ['-c', '-p', 'update_default_resources.c'],
        killAfter((duration * (round + 0.5)) / rounds, target),
      );
      await restart();
      const left = await endpointOnDevice();
      await goOn(name);
      const id = await idInService(name);
      assert.ok(left === before || left === id, `the device holds ${left}, neither ${before} nor ${id}`);
      assert.equal(await endpointOnDevice(), id);
    }
  });
}
