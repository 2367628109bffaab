import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { describe, test } from 'node:test';
import { readUpdateResources } from '@mooring/credentials';
import { Project, quiet } from './project.ts';

const psk = [...quiet, '--psk'];
const master = '.update-certificates/default.master.psk';
const resources = 'update_default_resources.c';
const credentials = (name: string) =>
  `#include <stdint.h>\nconst char MBED_CLOUD_DEV_BOOTSTRAP_ENDPOINT_NAME[] = "${name}";\n`;

test('the key of a device from a given master key: a known answer', async (t) => {
  const project = new Project(t);
  project.write('mbed_cloud_dev_credentials.c', credentials('urn:dev:ops:1959b9-211'));
  mkdirSync(project.at('.update-certificates'));
  project.write(master, Buffer.from('7d35c992b54a95ac2f5585e5bfd1d56ecc9966977ec2b131edb20a7ea38bbb1a', 'hex'), 0o600);
  const { status, stderr } = await project.run(psk);
  assert.equal(status, 0, stderr);
  const made = readUpdateResources(project.text(resources), resources);
  assert.equal(Buffer.from(made.psk ?? []).toString('hex'), '54b06ca9772503985995e2c3f30890f8');
  assert.equal(
    Buffer.from(made.pskId ?? []).toString('hex'),
    'b92177b6c7d5ecbddedb5330a8cc2006c626a7b7f4a7f3abe02b9973e724dbfe',
  );
  assert.equal(made.certificate, undefined);
  assert.match(stderr, /Reading master key out of \.update-certificates\/default\.master\.psk/);
});

test('a new master key is 32 random bytes for the owner alone, and no certificate is made', async (t) => {
  const project = new Project(t);
  mkdirSync(project.at('source'));
  project.write('source/mbed_cloud_dev_credentials.c', credentials('urn:uuid:1'));
  const { status, stderr } = await project.run(psk);
  assert.equal(status, 0, stderr);
  assert.equal(project.bytes(master).length, 32);
  assert.deepEqual(
    [project.mode(master), project.mode('.update-certificates'), project.mode(resources)],
    ['600', '700', '600'],
  );
  assert.deepEqual(project.json('.manifest_tool.json'), {
    classId: '4d131344-feab-5a2e-84a2-0dccdd905f35',
    deviceURNs: ['urn:uuid:1'],
    modelName: 'dev-device',
    'psk-master-key': master,
    vendorDomain: 'arm.com',
    vendorId: 'fa6b4a53-d5ad-5fdf-be9d-e663e4d41ffe',
  });
  assert.deepEqual(
    stderr
      .split('\n')
      .map((line) => line.split(' - ')[2])
      .slice(0, 2),
    ['Generating a new 256-bit master key', `Storing master key to '${master}'`],
  );
  const made = readUpdateResources(project.text(resources), resources);
  assert.deepEqual(Buffer.from(made.pskId ?? []), createHash('sha256').update(project.bytes(master)).digest());
});

test('the next device needs -f, keeps the master key, and is added to the URNs', async (t) => {
  const project = new Project(t);
  project.write('mbed_cloud_dev_credentials.c', credentials('urn:uuid:1'));
  await project.run(psk);
  const key = project.bytes(master);
  assert.match((await project.run(psk)).stderr, /Device URN 'urn:uuid:1' already exists in \.manifest_tool\.json/);
  project.write('mbed_cloud_dev_credentials.c', credentials('urn:uuid:2'));
  const refused = await project.run(psk);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /another pre-shared key\.[\s\S]*-f writes it for this device/);
  const { status, stderr } = await project.run([...psk, '-f']);
  assert.equal(status, 0);
  assert.match(
    stderr,
    /\[WARNING\] .* Using existing master key in '\.update-certificates\/default\.master\.psk'\. Not generating/,
  );
  assert.deepEqual(project.bytes(master), key);
  assert.deepEqual(project.json('.manifest_tool.json').deviceURNs, ['urn:uuid:1', 'urn:uuid:2']);
});

describe('endpoint names', () => {
  const refused: [string, Record<string, string>, RegExp][] = [
    ['no credentials', {}, /- An endpoint name must be populated in mbed_cloud_dev_credentials\.c\n$/],
    ['an empty one', { 'a.c': credentials('') }, /- An endpoint name must be populated/],
    [
      'the one of the template',
      { 'a.c': credentials('0') },
      /- An endpoint name in mbed_cloud_dev_credentials\.c must be initialized \(not '0'\) and must be different for each device\.\n$/,
    ],
    [
      'two of them',
      { 'a.c': credentials('urn:uuid:1'), 'b.c': credentials('urn:uuid:2') },
      /Multiple endpoint name definitions found: a\.c, b\.c/,
    ],
  ];
  for (const [name, files, sentence] of refused) {
    test(`${name}: refused`, async (t) => {
      const project = new Project(t);
      for (const [path, text] of Object.entries(files)) project.write(path, text);
      const { status, stderr } = await project.run(psk);
      assert.equal(status, 1);
      assert.match(stderr, sentence);
      assert.deepEqual(project.files(), Object.keys(files));
    });
  }

  const doubtful: [string, RegExp | undefined][] = [
    ['urn:dev:ops:1', undefined],
    ['urn:imei:1', undefined],
    ['0123456789', /PSK Identity does not appear to be a valid URN: '0123456789'/],
    ['urn:other:1', /'urn:other:1' is not a recommended URN class/],
    ['urn:dev:mac:1', /ops-type URNs are recommended/],
  ];
  for (const [name, sentence] of doubtful) {
    test(`${name}: ${sentence ? 'a warning' : 'nothing to say'}`, async (t) => {
      const project = new Project(t);
      project.write('a.c', credentials(name));
      const { status, stderr } = await project.run(psk);
      assert.equal(status, 0);
      const warnings = stderr.split('\n').filter((line) => line.startsWith('[WARNING]'));
      if (sentence) assert.match(warnings.join('\n'), sentence);
      else assert.deepEqual(warnings, []);
    });
  }
});
