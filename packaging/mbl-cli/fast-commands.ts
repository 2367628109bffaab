// The ways that commands of mbl-cli begin with, and a device that is provisioned.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { startVirtualDevice } from '@mooring/simulator';
import { program } from '../../packages/mbl-cli/src/program.ts';
import { fakeService, goodKey } from '../../packages/mbl-cli/test/fake-service.ts';
import { updateResources } from '../../packages/mbl-cli/test/update-resources.ts';
import type { Commands } from '../fast-start/warm-up.ts';

const alone = [
  ['-h'],
  ['--version'],
  ...program.groups.flatMap(({ commands }) => commands).map(({ name }) => [...name.split(' '), '-h']),
  ['which'],
  ['forget', 'nobody'],
  ['list-certificates', '--local'],
  ['save-api-key'],
  ['delete-certificate', 'one'],
  ['store', 'check'],
  ['store', 'move', 'elsewhere'],
  ['store', 'share', '--group', 'nobody'],
  ['migrate', 'check', '.'],
  ['doctor'],
  // Nobody listens there: as far as connecting goes.
  ['-a', '127.0.0.1:1', 'shell', 'true'],
  ['-a', '127.0.0.1:1', 'put', 'upd.c', '/scratch'],
  ['-a', '127.0.0.1:1', 'get', '/scratch/upd.c', '.'],
  ['-a', '127.0.0.1:1', 'get-pelion-status'],
  ['-a', '127.0.0.1:1', 'doctor'],
  ['-a', '127.0.0.1:1', 'provision-pelion', 'one', 'two'],
];

const withDevice = (at: string, url: string) => [
  ['save-api-key', goodKey, '--service', url],
  ['-a', at, 'provision-pelion', 'one', 'two', '-c', '-p', 'upd.c'],
  ['-a', at, 'provision-pelion', 'one', 'two'],
  ['-a', at, 'get-pelion-status'],
  ['-a', at, 'put', 'upd.c', '/scratch'],
  ['-a', at, 'get', '/scratch/upd.c', '.'],
  ['-a', at, 'shell', 'true'],
];

const runAll: Commands = async (home, run) => {
  const endings: (() => unknown)[] = [];
  const service = await fakeService({ after: (ending: () => unknown) => void endings.push(ending) } as TestContext);
  const root = join(home, 'device');
  mkdirSync(root);
  const device = await startVirtualDevice({ root, mdns: false });
  try {
    writeFileSync(join(home, 'upd.c'), updateResources());
    for (const argv of alone) await run('mbl-cli', ...argv);
    for (const argv of withDevice(`${device.address}:${device.port}`, service.url)) {
      const { status, said } = await run('mbl-cli', ...argv);
      if (status !== 0) throw new Error(`mbl-cli ${argv.join(' ')} ended with ${status}: ${said}`);
    }
  } finally {
    await device.close();
    for (const ending of endings) await ending();
  }
};

export default runAll;
