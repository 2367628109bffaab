import type { KeyObject } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  readDeveloperCredentials,
  readUpdateResources,
  writeDeveloperCredentials,
  writeUpdateResources,
} from '@mooring/credentials';
import {
  type CertificateTemplate,
  exportPrivateKey,
  generateKeyPair,
  issueCertificate,
  parseCertificate,
} from '@mooring/pki';

export const accountId = '01619571e2e90242ac12000600000000';
export const names = {
  endpoint: 'MBED_CLOUD_DEV_BOOTSTRAP_ENDPOINT_NAME',
  uri: 'MBED_CLOUD_DEV_BOOTSTRAP_SERVER_URI',
  certificate: 'MBED_CLOUD_DEV_BOOTSTRAP_DEVICE_CERTIFICATE',
  authority: 'MBED_CLOUD_DEV_BOOTSTRAP_SERVER_ROOT_CA_CERTIFICATE',
  key: 'MBED_CLOUD_DEV_BOOTSTRAP_DEVICE_PRIVATE_KEY',
  manufacturer: 'MBED_CLOUD_DEV_MANUFACTURER',
  model: 'MBED_CLOUD_DEV_MODEL_NUMBER',
  serial: 'MBED_CLOUD_DEV_SERIAL_NUMBER',
  deviceType: 'MBED_CLOUD_DEV_DEVICE_TYPE',
  hardware: 'MBED_CLOUD_DEV_HARDWARE_VERSION',
  memory: 'MBED_CLOUD_DEV_MEMORY_TOTAL_KB',
  update: 'arm_uc_default_certificate',
  vendorId: 'arm_uc_vendor_id',
  classId: 'arm_uc_class_id',
} as const;
export type FileName = (typeof names)[keyof typeof names];
export type CredentialSet = Record<FileName, Uint8Array>;

const notBefore = new Date('2026-01-01T00:00:00Z');

export function certificate(commonName: string, key: KeyObject, more: Partial<CertificateTemplate> = {}): Uint8Array {
  return issueCertificate({
    subject: { organizationalUnit: accountId, commonName },
    subjectKey: key,
    key,
    notBefore,
    notAfter: new Date('9999-12-31T23:59:59Z'),
    profile: 'developer',
    ...more,
  });
}

/** A whole set as a service issues it, in the files as mbl-cli writes them from the two C files. */
export function credentialSet(endpointName = 'endpoint-1', host = 'coaps://127.0.0.1:5684'): CredentialSet {
  const [device, authority, update] = [generateKeyPair(), generateKeyPair(), generateKeyPair()];
  const authorityCertificate = certificate('Bootstrap CA', authority.privateKey, { profile: 'authority' });
  const developer = writeDeveloperCredentials({
    endpointName,
    accountId,
    bootstrapServerUri: `${host}?aid=${accountId}`,
    deviceCertificate: certificate(endpointName, device.publicKey, {
      issuer: { certificate: parseCertificate(authorityCertificate).der, key: authority.privateKey },
    }) as never,
    bootstrapServerCa: parseCertificate(authorityCertificate).der,
    lwm2mServerCa: parseCertificate(authorityCertificate).der,
    devicePrivateKey: exportPrivateKey(device.privateKey, 'pkcs8', 'der'),
  });
  const resources = writeUpdateResources({
    vendorId: Buffer.alloc(16, 1),
    classId: Buffer.alloc(16, 2),
    certificate: parseCertificate(certificate('Update', update.privateKey, { profile: 'update' })),
  });
  const files = new Map(
    [
      ...readDeveloperCredentials(developer, 'developer.c').items,
      ...readUpdateResources(resources, 'update.c').items,
    ].map(({ name, data }) => [name, data]),
  );
  return Object.fromEntries(Object.values(names).map((name) => [name, files.get(name) as Uint8Array])) as CredentialSet;
}

/** Writes the files; one that is undefined is left out. */
export function writeSet(folder: string, set: Partial<CredentialSet>): string {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [name, data] of Object.entries(set)) writeFileSync(join(folder, `${name}.bin`), data);
  return folder;
}

export function without(set: CredentialSet, ...left: FileName[]): Partial<CredentialSet> {
  return Object.fromEntries(Object.entries(set).filter(([name]) => !left.includes(name as FileName)));
}
