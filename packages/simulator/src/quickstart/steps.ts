import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readDeveloperCredentials, readUpdateResources } from '@mooring/credentials';
import { fileKeyProvider, SecureStorage } from '@mooring/device';
import { provisioningPlaces } from '../device/provisioning-program.ts';
import { RootFolder } from '../device/root/root-folder.ts';
import { failed, run, type Shell } from './command.ts';
import { connectedDevice } from './connected.ts';
import type { RunFolder } from './run-folder.ts';
import { issuedCredentials } from './service-reading.ts';
import { updatedDevice } from './updated.ts';
import { verifyStorage } from './verification.ts';

/** The ready line of `mooring serve --json`. */
export interface ServiceReady {
  url: string;
  pid: number;
  ca: { certificate: string; fingerprint: string };
}

/** The ready line of a virtual device. */
export interface DeviceReady {
  hostname: string;
  address: string;
  port: number;
  pid: number;
}

export interface Setting {
  shell: Shell;
  folder: RunFolder;
  service: ServiceReady;
  device: DeviceReady;
}

const certificateName = 'quickstart-cert';
const updateName = 'quickstart-update-cert';
const keyFile = 'api-key';
const resourcesFile = 'update_default_resources.c';

/** The first page of the manual, with a check behind each command. */
export async function firstDevice({ shell, folder, service, device }: Setting): Promise<void> {
  const { transcript } = shell;
  const mblCli = (...words: string[]) => run(shell, { program: 'mbl-cli', words });
  const path = (name: string) => join(folder.project, name);

  transcript.heading('1. An API key');
  const output = { file: keyFile, path: path(keyFile) };
  await run(shell, { program: 'mooring', words: ['api-key', 'create', 'quickstart', '--data', '../service'], output });
  const apiKey = (await readFile(path(keyFile), 'utf8')).trim();
  if (!/^ak_\S+$/.test(apiKey)) throw failed('"mooring api-key create" did not print an API key.');
  transcript.check(`${keyFile} holds the key, readable by you alone`);

  transcript.heading('2. The update certificate');
  const init = ['init', '-d', 'example.com', '-m', 'quickstart-device', '-q'];
  await run(shell, { program: 'manifest-tool', words: init });
  const resources = readUpdateResources(await readFile(path(resourcesFile), 'utf8'), resourcesFile);
  transcript.check(`${resourcesFile} can be read: ${resources.items.length} values`);

  transcript.heading('3. The device');
  const shownAs = `${device.hostname}: ${device.address}:${device.port}`;
  if (!numberIn(await mblCli('list'), shownAs)) throw failed(`"mbl-cli list" does not show ${shownAs}.`);
  transcript.check(`${device.hostname} is in the list`);
  const question = 'Select a device from the list: ';
  await run(shell, {
    program: 'mbl-cli',
    words: ['select'],
    // A number that is in no list ends the command where the device is missing.
    answer: (text) => (text.endsWith(question) ? (numberIn(text, shownAs) ?? '0') : undefined),
  });
  const selected = JSON.parse(await readFile(join(folder.home, '.mbl-dev.json'), 'utf8'));
  if (selected.hostname !== device.hostname || selected.address !== device.address) {
    throw failed(`~/.mbl-dev.json names ${selected.hostname} (${selected.address}), not ${shownAs}.`);
  }
  transcript.check(`~/.mbl-dev.json names ${selected.hostname}`);

  transcript.heading('4. The API key, in the User Store');
  await run(shell, {
    program: 'mbl-cli',
    words: ['save-api-key', '--key-stdin', '--service', service.url, '--ca-fingerprint', service.ca.fingerprint],
    input: { file: keyFile, text: `${apiKey}\n` },
  });
  const userStore = join(folder.home, '.mbl-store', 'user', 'config.json');
  if (JSON.parse(await readFile(userStore, 'utf8')).api_key !== apiKey) throw failed('The User Store has another key.');
  if (((await stat(userStore)).mode & 0o077) !== 0)
    throw failed('The API key in the User Store can be read by others.');
  transcript.check('the User Store holds the key, readable by you alone');

  transcript.heading('5. Provisioning');
  await mblCli('provision-pelion', certificateName, updateName, '-c', '-p', resourcesFile);
  transcript.check('provisioned, exit status 0');

  transcript.heading('6. The status of the device');
  const status = await mblCli('get-pelion-status');
  if (!status.includes('Device is configured correctly.'))
    throw failed('The device does not say that it is configured.');
  transcript.check('the device finds itself configured');

  transcript.heading('7. What the device holds, against what was issued');
  transcript.line(
    `The service is asked for ${certificateName} over REST, and the secure storage is opened on the device's disk.`,
  );
  const access = { url: service.url, apiKey, authority: service.ca.certificate };
  const credentials = readDeveloperCredentials(await issuedCredentials(access, certificateName), certificateName);
  const storage = await openStorage(folder.device);
  await verifyStorage(storage, [...credentials.items, ...resources.items], transcript);

  const deviceId = await connectedDevice({ shell, folder, access });
  await updatedDevice({ shell, folder, access, fingerprint: service.ca.fingerprint, deviceId });
}

/** The number before a device in the output of list. */
function numberIn(text: string, shownAs: string): string | undefined {
  for (const line of text.split('\n').reverse()) {
    const found = /^(\d+): (.*)$/.exec(line);
    if (found && found[2] === shownAs) return found[1];
  }
  return undefined;
}

async function openStorage(device: string): Promise<SecureStorage> {
  const root = await RootFolder.open(device);
  return SecureStorage.open({
    folder: (await root.find(provisioningPlaces.storage)).host,
    keyProvider: fileKeyProvider((await root.find(provisioningPlaces.key)).host),
  });
}
