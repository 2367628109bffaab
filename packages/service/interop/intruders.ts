import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  codes,
  decodeMessage,
  encodeMessage,
  methods,
  type Option,
  optionNumbers,
  textOption,
  uintOption,
} from '@mooring/coap';
import {
  type Der,
  exportPrivateKey,
  generateKeyPair,
  issueCertificate,
  type Name,
  parseCertificate,
  pemOf,
} from '@mooring/pki';
import { missing } from '../../../test/peers/missing.ts';
import { activeAuthority, createDeveloperCertificate, createTrustedCertificate } from '../src/certificates/index.ts';
import { deleteTrustedCertificate, updateTrustedCertificate } from '../src/certificates/trusted-certificates.ts';
import { deleteDevice } from '../src/registry/devices/change.ts';
import { suspendDevice } from '../src/registry/devices/suspension.ts';
import { carried, type Devices, deviceServers, hastyBy, TestDevice } from '../test/devices/devices-fixture.ts';

export const skip = missing(['openssl'], 'openssl');
export const deadline = 20_000;

const folder = mkdtempSync(join(tmpdir(), 'mooring-security-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** PEM. */
export interface Files {
  readonly key: string;
  readonly certificate: string;
}

export type Server = 'bootstrap' | 'lwm2m';

/** Whom a certificate is of, and who signed it: itself if nobody did. */
interface Identity extends Files {
  readonly der: Der;
  readonly privateKey: ReturnType<typeof generateKeyPair>['privateKey'];
}

const day = 24 * 3600_000;

function identity(
  subject: Name,
  { issuer, profile = 'developer', days = [-1, 1] }: Partial<IdentityOptions> = {},
): Identity {
  const { privateKey, publicKey } = generateKeyPair();
  const der = issueCertificate({
    subject,
    subjectKey: publicKey,
    ...(issuer ? { issuer: { certificate: issuer.der, key: issuer.privateKey } } : { key: privateKey }),
    profile,
    notBefore: new Date(Date.now() + days[0] * day),
    notAfter: new Date(Date.now() + days[1] * day),
  });
  const certificate = pemOf('CERTIFICATE', der);
  return { der, privateKey, certificate, key: exportPrivateKey(privateKey, 'pkcs8', 'pem') };
}

interface IdentityOptions {
  readonly issuer: Identity;
  readonly profile: 'authority' | 'developer';
  /** From and until when it is valid, from now. */
  readonly days: readonly [number, number];
}

const text = (number: number, value: string): Option => textOption(number, value);

/** What a device asks first. */
export function asks(server: Server, query: readonly string[]): Uint8Array {
  return encodeMessage({
    type: 'CON',
    id: 7,
    code: methods.POST,
    token: Uint8Array.of(1, 2),
    options: [
      text(optionNumbers.uriPath, server === 'bootstrap' ? 'bs' : 'rd'),
      ...(server === 'lwm2m' ? [uintOption(optionNumbers.contentFormat, 40)] : []),
      ...query.map((part) => text(optionNumbers.uriQuery, part)),
    ],
    payload: server === 'lwm2m' ? Buffer.from('</3/0>') : new Uint8Array(),
  });
}

interface Ended {
  /** What the server sent. */
  readonly received: Uint8Array;
  readonly errors: string;
  /** The client ended by itself, the connection being closed. */
  readonly closed: boolean;
}

let files = 0;

export type Transport = 'tls' | 'dtls';

/** Connects with what OpenSSL has, says something and waits until the server has closed. */
export async function openssl(
  port: number,
  shown: Files | undefined,
  says: Uint8Array,
  transport: Transport = 'tls',
): Promise<Ended> {
  const place = join(folder, String(files++));
  if (shown) {
    writeFileSync(`${place}.pem`, shown.certificate);
    writeFileSync(`${place}.key`, shown.key, { mode: 0o600 });
  }
  const child = spawn('openssl', [
    's_client',
    ...[
      '-quiet',
      `-${transport}1_2`,
      '-cipher',
      'ECDHE-ECDSA-AES128-CCM8:@SECLEVEL=0',
      '-connect',
      `127.0.0.1:${port}`,
    ],
    ...(shown ? ['-cert', `${place}.pem`, '-key', `${place}.key`] : []),
  ]);
  const received: Buffer[] = [];
  const errors: Buffer[] = [];
  child.stdout.on('data', (bytes) => received.push(bytes));
  child.stderr.on('data', (bytes) => errors.push(bytes));
  child.stdin.on('error', () => {});
  child.stdin.write(says);
  const cut = setTimeout(() => child.kill('SIGKILL'), deadline);
  const [, signal] = await once(child, 'close');
  clearTimeout(cut);
  return { received: Buffer.concat(received), errors: String(Buffer.concat(errors)), closed: signal === null };
}

export const counted = async (
  { domain: { storage } }: Devices,
  table: 'devices' | 'registrations' | 'device_credentials',
) => {
  const row = await storage.db
    .selectFrom(table)
    .select(({ fn }) => fn.countAll<number>().as('rows'))
    .executeTakeFirstOrThrow();
  return Number(row.rows);
};

export const directory = async (devices: Devices) => [
  await counted(devices, 'devices'),
  await counted(devices, 'registrations'),
  await counted(devices, 'device_credentials'),
];

/** Why a certificate was not let in, as recorded, by either server. */
export async function denialReasons({ domain }: Devices, shown: Files | undefined): Promise<string[]> {
  const rows = await domain.storage.db
    .selectFrom('denials')
    .select('reason')
    .where('fingerprint', '=', parseCertificate(shown?.certificate ?? assert.fail()).fingerprint)
    .execute();
  return rows.map(({ reason }) => reason);
}

/** Waits for a line of the log that came after a place in it. */
export async function logged({ log }: Devices, from: number, line: RegExp): Promise<void> {
  const end = performance.now() + deadline;
  while (!log.slice(from).some((each) => line.test(each))) {
    assert.ok(performance.now() < end, `${line} is not in:\n${log.slice(from).join('\n')}`);
    await sleep(20);
  }
}

/** Nothing but a refusal, and the connection closed. */
export function assertRefused({ received, errors, closed }: Ended): void {
  assert.ok(closed, `the server did not close the connection: ${errors}`);
  if (received.length === 0) return;
  const { code, payload } = decodeMessage(received);
  assert.deepEqual([code, payload.length], [codes.forbidden, 0]);
}

export interface Case {
  readonly name: string;
  readonly server: Server;
  readonly shown: Files | undefined;
  readonly query: readonly string[];
  readonly logs: RegExp;
  readonly denial?: string;
}

export async function cases(devices: Devices): Promise<Case[]> {
  const { domain, actor, accountId } = devices;
  const acme = identity({ commonName: 'Acme' }, { profile: 'authority' });
  await createTrustedCertificate(domain, actor, {
    name: 'acme',
    certificate: acme.certificate,
    service: 'bootstrap',
  });
  const late = identity({ commonName: 'late' }, { issuer: acme, days: [-3, -1] });
  const early = identity({ commonName: 'early' }, { issuer: acme, days: [1, 3] });
  const foreign = identity(
    { commonName: 'foreign' },
    { issuer: identity({ commonName: 'Elsewhere' }, { profile: 'authority' }) },
  );
  const self = identity({ commonName: 'self-made', organizationalUnit: accountId });

  const real = (await activeAuthority(domain, accountId, 'developer')).certificate;
  const namesake = identity(real.subject, { profile: 'authority' });
  const forged = identity({ commonName: devices.certificate.id, organizationalUnit: accountId }, { issuer: namesake });

  const developer = async (name: string) => {
    const made = await createDeveloperCertificate(domain, actor, { name });
    return { id: made.id, files: { key: made.privateKeyPem, certificate: made.certificate.pem } };
  };
  const deleted = await developer('deleted');
  await deleteTrustedCertificate(domain, actor, deleted.id);
  const inactive = await developer('inactive');
  await updateTrustedCertificate(domain, actor, inactive.id, { status: 'INACTIVE' });

  const joined = async () => {
    const device = new TestDevice(await carried(devices));
    await device.registered();
    device.client.stop();
    const { account, internalEndpoint = '' } = device;
    return { files: account as Files, id: internalEndpoint };
  };
  const good = await joined();
  const suspended = await joined();
  await suspendDevice(domain, actor, suspended.id, { category: 'maintenance' });
  const removed = await joined();
  await deleteDevice(domain, actor, removed.id);

  const as = (name: string) => [`ep=${name}`, `aid=${accountId}`];
  const own = as(devices.certificate.id);
  const registers = [`ep=${devices.certificate.id}`, 'lt=3600', 'b=U'];
  const made = { key: devices.certificate.privateKeyPem, certificate: devices.certificate.certificate.pem };
  const both = (name: string, shown: Files | undefined, logs: RegExp, denial?: string): Case[] =>
    (['bootstrap', 'lwm2m'] as const).map((server) => ({
      name,
      server,
      shown,
      query: server === 'bootstrap' ? own : registers,
      logs,
      ...(denial === undefined ? {} : { denial }),
    }));
  const unknown = /certificate-untrusted/;
  return [
    ...both('no certificate', undefined, /device\.refused.*(no|not return a) certificate/),
    ...both('a self-made certificate', self, unknown, 'certificate-untrusted'),
    ...both('a certificate of an authority that is not trusted', foreign, unknown, 'certificate-untrusted'),
    ...both('a certificate of an authority with the name of ours', forged, unknown, 'certificate-untrusted'),
    ...both('an expired certificate', late, /certificate-expired/, 'certificate-expired'),
    ...both('a certificate from tomorrow', early, /certificate-not-yet-valid/, 'certificate-not-yet-valid'),
    ...both('a deleted developer certificate', deleted.files, /certificate-revoked/, 'certificate-revoked'),
    {
      name: 'an inactive developer certificate',
      server: 'bootstrap',
      shown: inactive.files,
      query: as(inactive.id),
      logs: /certificate-inactive/,
      denial: 'certificate-inactive',
    },
    {
      name: "another device's name",
      server: 'bootstrap',
      shown: made,
      query: as('somebody-else'),
      logs: /endpoint-name-foreign/,
      denial: 'endpoint-name-foreign',
    },
    {
      name: 'a certificate for the LwM2M server',
      server: 'bootstrap',
      shown: good.files,
      query: own,
      logs: unknown,
      denial: 'certificate-untrusted',
    },
    {
      name: 'a developer certificate',
      server: 'lwm2m',
      shown: made,
      query: registers,
      logs: /certificate-service/,
      denial: 'certificate-service',
    },
    {
      name: 'the certificate of a suspended device',
      server: 'lwm2m',
      shown: suspended.files,
      query: registers,
      logs: /device-suspended/,
      denial: 'device-suspended',
    },
    {
      name: 'the certificate of a deleted device',
      server: 'lwm2m',
      shown: removed.files,
      query: registers,
      logs: /device\.unregistered/,
      denial: 'credentials-unknown',
    },
    {
      name: "its own certificate and another device's name",
      server: 'lwm2m',
      shown: good.files,
      query: ['ep=somebody-else', 'lt=3600', 'b=U'],
      logs: /register\.endpoint/,
    },
  ];
}

/** Each of them at its server: no bootstrap data, no registration, the connection closed, and a record of it. */
export async function intrude(t: TestContext, transport: Transport): Promise<void> {
  const devices = await deviceServers(t, {}, hastyBy(10));
  const all = await cases(devices);
  const before = await directory(devices);
  for (const { name, server, shown, query, logs, denial } of all) {
    await t.test(`${name} is refused by the ${server} server`, async () => {
      const from = devices.log.length;
      assertRefused(await openssl(devices.ports[server], shown, asks(server, query), transport));
      await logged(devices, from, logs);
      if (denial !== undefined) assert.ok((await denialReasons(devices, shown)).includes(denial), denial);
      assert.deepEqual(await directory(devices), before);
    });
  }
  const { refused = {} } = devices.servers.report.listeners.lwm2m?.[transport] ?? {};
  assert.ok((refused.untrusted ?? 0) > 0 && (refused['no-certificate'] ?? 0) > 0, JSON.stringify(refused));
}
