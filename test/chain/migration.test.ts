// Coming from another service: what moves, what does not, and that it can be repeated (docs/coming-from-pelion.md).
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { generateKeyPair, issueCertificate, noClockValidity, parseCertificate } from '@mooring/pki';
import { Chain } from './chain.ts';

let old: Chain;
let fresh: Chain;
let oldKey: string;

before(async () => {
  [old, fresh] = await Promise.all([Chain.start(), Chain.start()]);
  oldKey = await old.apiKey('old');
});
after(() => Promise.all([old.stop(), fresh.stop()]));

function authority(commonName: string): string {
  const { privateKey: key, publicKey } = generateKeyPair();
  const subject = { commonName };
  return parseCertificate(
    issueCertificate({ subject, subjectKey: publicKey, key, profile: 'authority', ...noClockValidity }),
  ).pem;
}

const identity = () => `A-${randomBytes(32).toString('hex').toUpperCase().match(/../g)?.join(':')}`;

async function atOld(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
  const answer = await fetch(`${old.url}${path}`, {
    method,
    headers: { Authorization: `Bearer ${oldKey}`, 'Content-Type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status}`);
  return (await answer.json()) as Record<string, unknown>;
}

const copied = async (...argv: string[]) => {
  const { stdout } = await fresh.run('mbl-cli', ['--json', 'migrate', 'copy', ...argv]);
  return JSON.parse(stdout) as {
    total: Record<string, number>;
    copied: { name: string; state: string; why?: string }[];
  };
};

test('trusted certificates and enrolments move, developer certificates do not, and twice is as good as once', async () => {
  const key = await fresh.apiKey('fresh');
  await fresh.ok('mbl-cli', ['save-api-key', key, '--service', fresh.url]);
  await atOld('POST', '/v3/trusted-certificates', {
    name: 'factory',
    certificate: authority('Factory'),
    service: 'bootstrap',
    enrollment_mode: true,
    description: 'line 2',
  });
  await atOld('POST', '/v3/developer-certificates', { name: 'dev' });
  const identities = [identity(), identity(), identity()];
  for (const one of identities) await atOld('POST', '/v3/device-enrollments', { enrollment_identity: one });
  await writeFile(join(fresh.home, 'old-key'), `${oldKey}\n`);
  const from = [old.url, '--from-key-file', 'old-key'];

  const dry = await copied(...from, '--dry-run');
  assert.deepEqual(dry.total, { copied: 4, thereAlready: 0, leftOut: 1, failed: 0 });
  assert.deepEqual((await copied(...from)).total, dry.total, 'the dry run changed nothing');
  assert.deepEqual((await copied(...from)).total, { copied: 0, thereAlready: 4, leftOut: 1, failed: 0 });

  const listed = JSON.parse((await fresh.ok('mbl-cli', ['--json', 'list-certificates'])).stdout) as {
    service: { name: string; developer: boolean }[];
  };
  assert.deepEqual(
    listed.service.map(({ name, developer }) => [name, developer]),
    [['factory', false]],
  );

  // A name that stands for something else here is told, and leaves the rest alone.
  await atOld('PUT', `/v3/trusted-certificates/${await idOf('factory')}`, { certificate: authority('Other') });
  const clash = await fresh.run('mbl-cli', ['migrate', 'copy', ...from]);
  assert.equal(clash.status, 1);
  assert.match(
    clash.stdout,
    /^FAILED {3}trusted certificate factory: this service has another certificate of that name$/m,
  );
  assert.match(clash.stdout, /^0 copied, 3 there already, 1 left out, 1 failed\.$/m);
});

async function idOf(name: string): Promise<string> {
  const { data } = await atOld('GET', `/v3/trusted-certificates?name__eq=${name}`);
  return (data as { id: string }[])[0]?.id ?? assert.fail(`no ${name}`);
}

test('from what was exported while the other service was still there', async () => {
  const certificate = authority('Exported');
  await writeFile(
    join(fresh.home, 'trusted.json'),
    JSON.stringify({ object: 'list', data: [{ name: 'exported', certificate, service: 'bootstrap' }] }),
  );
  await writeFile(join(fresh.home, 'list.csv'), `enrollment_identity,created\n${identity()},x\n"${identity()}",y\n`);
  assert.equal((await copied('trusted.json', 'list.csv')).total.copied, 3);
  await writeFile(join(fresh.home, 'nothing.csv'), 'a,b\n');
  const nothing = await fresh.run('mbl-cli', ['migrate', 'copy', 'nothing.csv']);
  assert.equal(nothing.status, 255);
  assert.match(nothing.stderr, /holds neither trusted certificates nor enrolment identities/);
  const itself = await fresh.run('mbl-cli', ['migrate', 'copy', fresh.url, '--from-key-file', 'old-key']);
  assert.match(itself.stderr, /is the service that is to be copied to/);
});

test('migrate check: stores of the old tool, whose developer certificates lead to the old service', async () => {
  const nobody = join(fresh.folder, 'nobody');
  await mkdir(nobody);
  const none = await fresh.run('mbl-cli', ['migrate', 'check'], { cwd: nobody, env: { HOME: nobody } });
  assert.equal(none.stdout, 'ANEW     API key: there is none\n         mbl-cli save-api-key KEY --service URL\n');

  // What the old tool left: a developer certificate of the other service, in a store that ours reads.
  await old.ok('mbl-cli', ['save-api-key', oldKey, '--service', old.url]);
  await old.ok('manifest-tool', ['init', '-d', 'arm.com', '-m', 'dev', '-q']);
  await old.ok('mbl-cli', [
    '-a',
    old.deviceAddress,
    'provision-pelion',
    'old-dev',
    'old-upd',
    '-c',
    '-p',
    'update_default_resources.c',
  ]);
  const key = await fresh.apiKey('again');
  await old.ok('mbl-cli', ['save-api-key', key, '--service', fresh.url]);
  const { status, stdout } = await old.run('mbl-cli', ['migrate', 'check'], {
    env: { MBED_CLOUD_SDK_HOST: 'https://api.us-east-1.mbedcloud.com' },
  });
  assert.equal(status, 1);
  assert.match(stdout, new RegExp(`^goes on {2}API key: it is of ${fresh.url}$`, 'm'));
  assert.match(stdout, /^ANEW {5}certificate 'old-dev': a developer certificate that sends devices to coaps:\/\//m);
  assert.match(
    stdout,
    /^ {9}mbl-cli delete-certificate --local old-dev, then mbl-cli provision-pelion old-dev UPDATE-CERT -c$/m,
  );
  assert.match(stdout, /^goes on {2}certificate 'old-upd': an update certificate/m);
  assert.match(stdout, /^CHANGE {3}SDK setting in MBED_CLOUD_SDK_HOST: programs with an SDK go to https:/m);
  assert.match(stdout, /^goes on {2}\.manifest_tool\.json, /m);
});
