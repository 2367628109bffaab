import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, open, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { failed, run, type Shell } from './command.ts';
import type { RunFolder } from './run-folder.ts';
import { ask, type ServiceAccess } from './service-reading.ts';

interface Setting {
  shell: Shell;
  folder: RunFolder;
  access: ServiceAccess;
  /** Of the service's HTTPS authority. */
  fingerprint: string;
  deviceId: string;
}

interface Campaign {
  id: string;
  phase: string;
}

const settingsFile = '.mbed_cloud_config.json';

/** How long a campaign may take, s; on a busy machine that may be a while. */
const patience = 120;
/** Exit status of `manifest-tool update device` where the device refused. */
const deviceFailed = 3;

/** An update over the air reaches the device; a changed image and a stranger's manifest do not. */
export async function updatedDevice(setting: Setting): Promise<void> {
  const { shell, folder, access, deviceId, fingerprint } = setting;
  const { transcript } = shell;
  const path = (name: string) => join(folder.project, name);
  const build = () => readFile(join(folder.device, 'etc/build'), 'utf8');
  const runs = async (text: string, what: string) => {
    if ((await build()) !== text) throw failed(`The device runs "${(await build()).trim()}", not "${text.trim()}".`);
    transcript.check(what);
  };
  const payload = async (release: number) => {
    const text = `Mooring virtual device, release ${release} (${randomBytes(4).toString('hex')})\n`;
    const [image, swu] = [`build-${release}.txt`, `release-${release}.swu`];
    await writeFile(path(image), text);
    await run(shell, { program: 'mooring', words: ['payload', 'create', '-i', `BUILDv1=${image}`, '-o', swu] });
    return { text, swu };
  };
  const update = (swu: string, status: number, cwd = shell.cwd) =>
    run(
      { ...shell, cwd },
      {
        program: 'manifest-tool',
        words: [
          ...['update', 'device', '-p', swu, '-D', deviceId, '-T', String(patience)],
          ...['--ca-fingerprint', fingerprint],
        ],
        status,
      },
    );

  transcript.heading('9. An update over the air');
  const settings = JSON.stringify({ host: access.url, api_key: access.apiKey });
  await writeFile(path(settingsFile), settings, { mode: 0o600 });
  transcript.line(`${settingsFile} tells manifest-tool the service and the key.`);
  const first = await payload(1);
  await run(shell, { program: 'mbl-cli', words: ['shell', 'cat /etc/build'] });
  await update(first.swu, 0);
  await run(shell, { program: 'mbl-cli', words: ['shell', 'cat /etc/build'] });
  await runs(first.text, 'the device runs release 1');

  transcript.heading('10. An image that was changed on its way');
  const second = await payload(2);
  const prepared = await run(shell, {
    program: 'manifest-tool',
    words: ['update', 'prepare', '-p', second.swu, '--ca-fingerprint', fingerprint],
  });
  const manifestId = /Manifest ID: (\S+)/.exec(prepared)?.[1];
  if (!manifestId) throw failed('"manifest-tool update prepare" told no manifest id.');
  await changeImage(folder, await readFile(path(second.swu)));
  transcript.line('One byte of the image was changed on the disk of the service.');
  const reason = await campaignRefused(setting, manifestId);
  transcript.line(`The service says: ${reason}`);
  await runs(first.text, 'the device refused the image, and runs release 1 still');

  transcript.heading("11. A stranger's manifest");
  const stranger = join(folder.path, 'stranger');
  transcript.command(`mkdir ../stranger && cp ${second.swu} ../stranger && cd ../stranger`);
  await mkdir(stranger);
  await copyFile(path(second.swu), join(stranger, second.swu));
  await run(
    { ...shell, cwd: stranger },
    { program: 'manifest-tool', words: ['init', '-d', 'example.com', '-m', 'quickstart-device', '-q'] },
  );
  await writeFile(join(stranger, settingsFile), settings, { mode: 0o600 });
  transcript.line('The same vendor and model, another key:');
  await update(second.swu, deviceFailed, stranger);
  transcript.check(`"update device" tells it by its exit status, ${deviceFailed}`);
  await runs(first.text, 'the device refused the manifest, and runs release 1 still');
}

/** Turns one byte of the image around where the service keeps it. */
async function changeImage({ service }: RunFolder, image: Buffer): Promise<void> {
  const blobs = join(service, 'blobs');
  for (const entry of await readdir(blobs, { withFileTypes: true })) {
    const path = join(blobs, entry.name);
    if (!entry.isFile() || !(await readFile(path)).equals(image)) continue;
    const file = await open(path, 'r+');
    const at = image.length >> 1;
    await file.write(Buffer.from([(image[at] as number) ^ 1]), 0, 1, at);
    await file.close();
    return;
  }
  throw failed('The image is not where the service keeps images.');
}

/** @returns why the device did not take it */
async function campaignRefused({ shell, access, deviceId }: Setting, manifestId: string): Promise<string> {
  const body = { name: 'quickstart-changed', device_filter: `id=${deviceId}`, root_manifest_id: manifestId };
  shell.transcript.line(`POST /v3/update-campaigns ${JSON.stringify(body)}, and start it`);
  const made = await ask(access, 'POST', '/v3/update-campaigns', body);
  if (made.status !== 201) throw failed(`The service answered ${made.status}: ${made.text}`);
  const { id } = made.body as Campaign;
  const started = await ask(access, 'POST', `/v3/update-campaigns/${id}/start`);
  if (started.status !== 202) throw failed(`The service answered ${started.status}: ${started.text}`);
  for (const deadline = performance.now() + patience * 1_000; performance.now() < deadline; ) {
    await pause(200, undefined, { signal: shell.signal });
    const { phase } = (await ask(access, 'GET', `/v3/update-campaigns/${id}`)).body as Campaign;
    if (phase !== 'stopped') continue;
    const { body } = await ask(access, 'GET', `/v3/update-campaigns/${id}/campaign-device-metadata`);
    const [device] = (body as { data: { deployment_state: string; reason: string }[] }).data;
    if (!device || device.deployment_state === 'deployed') throw failed('The device took the changed image.');
    return device.reason;
  }
  throw failed(`The campaign ${id} did not end.`);
}
