import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { clientPlaces } from '../device/client-program.ts';
import { failed, type Shell } from './command.ts';
import type { RunFolder } from './run-folder.ts';
import { ask, type ServiceAccess } from './service-reading.ts';

interface Setting {
  shell: Shell;
  folder: RunFolder;
  access: ServiceAccess;
}

interface Listed {
  data: { id: string; endpoint_name: string; state: string; serial_number: string }[];
}

interface AsyncResponse {
  id: string;
  status: number;
  payload?: string;
  error?: string;
}

/** How long the device has to get through to its service, ms; on a busy machine that may take a while. */
const patience = 120_000;

/**
 * The device bootstraps and registers by itself: it is found in the directory, read, and written.
 *
 * @returns its id
 */
export async function connectedDevice({ shell, folder, access }: Setting): Promise<string> {
  const { transcript } = shell;
  transcript.heading('8. The device connects');
  transcript.line('Provisioning has started mbl-cloud-client on the device. Its log:');
  const device = await registered({ shell, folder, access });
  const log = await readFile(join(folder.device, clientPlaces.log), 'utf8');
  for (const line of log.split('\n').filter((each) => /Client|Endpoint Name|Device Id/.test(each)))
    transcript.line(line);
  transcript.line();
  transcript.line('GET /v3/devices?state__eq=registered');
  transcript.line(`${device.id}  ${device.endpoint_name}  ${device.state}`);
  transcript.check('the device is registered');

  const read = await asked(access, device.id, { method: 'GET', uri: '/3/0/0' });
  transcript.line(`POST /v2/device-requests/${device.id} {"method": "GET", "uri": "/3/0/0"}`);
  const manufacturer = Buffer.from(read.payload ?? '', 'base64').toString('utf8');
  transcript.line(manufacturer);
  if (manufacturer !== 'dev_manufacturer') throw failed(`The device says that its manufacturer is ${manufacturer}.`);
  transcript.check('its manufacturer was read from it: what provisioning gave it');

  const lifetime = '900';
  const payload = Buffer.from(lifetime).toString('base64');
  await asked(access, device.id, {
    method: 'PUT',
    uri: '/1/0/1',
    'content-type': 'text/plain',
    'payload-b64': payload,
  });
  transcript.line(
    `POST /v2/device-requests/${device.id} {"method": "PUT", "uri": "/1/0/1", "payload-b64": "${payload}"}`,
  );
  const again = await asked(access, device.id, { method: 'GET', uri: '/1/0/1' });
  const now = Buffer.from(again.payload ?? '', 'base64').toString('utf8');
  if (now !== lifetime) throw failed(`The device has a lifetime of ${now} after ${lifetime} was written.`);
  transcript.check(`the lifetime of its registration was written: ${lifetime} seconds`);
  return device.id;
}

async function registered({ shell, folder, access }: Setting) {
  const deadline = performance.now() + patience;
  for (;;) {
    shell.signal.throwIfAborted();
    const { body } = await ask(access, 'GET', '/v3/devices?state__eq=registered');
    const [device] = (body as Listed | undefined)?.data ?? [];
    if (device) return device;
    if (performance.now() > deadline) {
      const log = await readFile(join(folder.device, clientPlaces.log), 'utf8').catch(() => '(there is none)');
      throw failed(`The device has not registered. The log of its client:\n${log}`);
    }
    await pause(200, undefined, { signal: shell.signal });
  }
}

/** Asks the device for something and waits for the answer on the notification channel. */
async function asked(access: ServiceAccess, deviceId: string, request: object): Promise<AsyncResponse> {
  const id = `quickstart-${performance.now()}`;
  const sent = await ask(access, 'POST', `/v2/device-requests/${deviceId}?async-id=${id}`, request);
  if (sent.status !== 202) throw failed(`The service answered ${sent.status}: ${sent.text}`);
  for (const deadline = performance.now() + patience; performance.now() < deadline; ) {
    const { body } = await ask(access, 'GET', '/v2/notification/pull');
    const responses = (body as { 'async-responses'?: AsyncResponse[] } | undefined)?.['async-responses'] ?? [];
    const answer = responses.find((one) => one.id === id);
    if (!answer) continue;
    if (answer.status === 200) return answer;
    throw failed(`The device answered ${answer.status}: ${answer.error ?? ''}`);
  }
  throw failed('The device did not answer.');
}
