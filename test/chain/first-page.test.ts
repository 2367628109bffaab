// The manual's first page (docs/first-device.md), as a transcript: prompts and result lines are what scripts read.
import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Chain } from './chain.ts';

let chain: Chain;
let key: string;
before(async () => {
  chain = await Chain.start();
});
after(() => chain.stop());

const modeOf = async (path: string) => ((await stat(join(chain.home, path))).mode & 0o777).toString(8);

test('mooring api-key create: the key, once, alone on standard output', async () => {
  key = await chain.apiKey('laptop');
  assert.match(key, /^ak_1[A-Za-z0-9+/]{43}[0-9a-f]{32}[A-Za-z0-9]{32}$/);
});

test('manifest-tool init: the prompts, the warnings and what was written', async () => {
  const { stdout, stderr } = await chain.ok('manifest-tool', ['init', '-d', 'arm.com', '-m', 'dev-device'], {
    stdin: 'UK\nCambridgeshire\nCambridge\nArm\n\n\n',
  });
  assert.ok(
    stdout.endsWith(
      'In which country is the subject located? In which state or province is the subject located? In which city or ' +
        'region is the subject located? What is the name of the subject organization? What is the common name of the ' +
        'subject organization? [arm.com]How long (in days) should the certificate be valid? [90]',
    ),
    stdout,
  );
  assert.deepEqual(
    stderr
      .trim()
      .split('\n')
      .map((line) => line.replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/, 'TIME')),
    [
      '[WARNING]: Certificates generated with this tool are self-signed and for testing only',
      '[WARNING]: This certificate is valid for 90 days. For production,use certificates with at least 10 years validity.',
      '[INFO] TIME - manifesttool.init - Certificate written to .update-certificates/default.der',
      '[INFO] TIME - manifesttool.init - Private key written to .update-certificates/default.key.pem',
      '[INFO] TIME - manifesttool.init - Default settings written to .manifest_tool.json',
      '[INFO] TIME - manifesttool.init - Wrote default resource values to update_default_resources.c',
    ],
  );
  assert.equal(await modeOf('.update-certificates/default.key.pem'), '600');
});

test('mbl-cli list and select: devices by number, the choice remembered', async () => {
  const name = String(chain.device.ready.hostname);
  const listed = await chain.ok('mbl-cli', ['list']);
  const lines = listed.stdout.split('\n');
  assert.equal(lines[0], 'Discovering devices. This will take up to 30 seconds.');
  const row = lines.find((line) => line.includes(`: ${name}: `)) ?? assert.fail(listed.stdout);
  assert.match(row, /^\d+: mbed-linux-os-\d+: 127\.0\.0\.1/);

  const chosen = await chain.ok('mbl-cli', ['select'], { stdin: `${row.split(':')[0]}\n` });
  assert.match(chosen.stdout, /\n\nSelect a device from the list: $/);
  const remembered = JSON.parse(await readFile(join(chain.home, '.mbl-dev.json'), 'utf8'));
  assert.equal(remembered.hostname, name);
  assert.equal((await chain.ok('mbl-cli', ['which'])).stdout, `${name} (${remembered.address})\n`);
});

test('mbl-cli save-api-key: silent, and the stores are there with their modes', async () => {
  await chain.ok('mbl-cli', ['save-api-key', key, '--service', chain.url]);
  assert.equal(await modeOf('.mbl-store/user'), '700');
  assert.equal(await modeOf('.mbl-store/user/config.json'), '600');
  const stores = JSON.parse(await readFile(join(chain.home, '.mbl-stores.json'), 'utf8'));
  assert.deepEqual(stores, { user: join(chain.home, '.mbl-store/user'), team: join(chain.home, '.mbl-store/team') });
});

test('mbl-cli get-pelion-status before: not configured, 255', async () => {
  const { status, stderr } = await chain.run('mbl-cli', ['get-pelion-status']);
  assert.equal(status, 255);
  assert.match(stderr, /Your device is not correctly configured for Pelion Device Management\./);
});

test('mbl-cli provision-pelion -c -p: the device says that it is done', async () => {
  const { stdout } = await chain.ok('mbl-cli', [
    'provision-pelion',
    'my-cert',
    'my-update-cert',
    '-c',
    '-p',
    'update_default_resources.c',
  ]);
  assert.match(stdout, /Provisioning device\.\s+Provisioning process completed without error\./);
  assert.equal(await modeOf('.mbl-store/team'), '760');
  await assert.rejects(stat(join(chain.deviceRoot, 'scratch/provisioning-certs')), { code: 'ENOENT' });
});

test('mbl-cli get-pelion-status after: configured', async () => {
  const { stdout } = await chain.ok('mbl-cli', ['get-pelion-status']);
  assert.match(stdout, /Device is configured correctly\. You can connect to Pelion Cloud!/);
});

test('mbl-cli list-certificates and delete-certificate', async () => {
  const { stdout } = await chain.ok('mbl-cli', ['list-certificates']);
  assert.equal(
    stdout,
    'Developer certificates in Pelion Device Management: \nmy-cert\n\nDeveloper and update certificates in local storage:\nmy-update-cert\nmy-cert\n\n',
  );
  const deleted = await chain.ok('mbl-cli', ['delete-certificate', 'my-cert']);
  assert.match(
    deleted.stdout,
    /Deleting certificate from Device Management\.\nDeleting certificate locally\.\nCertificate 'my-cert' was deleted\.\n/,
  );
  await chain.ok('mbl-cli', ['delete-certificate', 'my-update-cert']);
});
