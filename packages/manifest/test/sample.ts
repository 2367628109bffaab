import { createHash, type KeyObject } from 'node:crypto';
import { type Certificate, type Der, generateKeyPair, issueCertificate, parseCertificate } from '@mooring/pki';
import { keySigner, type ManifestV1, type ManifestV3, type Signer } from '../src/index.ts';

export const bytes = (size: number, fill: number): Uint8Array => new Uint8Array(size).fill(fill);

export const digestOf = (text: string): Uint8Array => new Uint8Array(createHash('sha256').update(text).digest());

export interface Identity {
  privateKey: KeyObject;
  publicKey: KeyObject;
  certificate: Certificate;
  der: Der;
  signer: Signer;
}

/** A key and its update certificate, valid in 2024 and 2025. */
export function identity(commonName = 'updates.example'): Identity {
  const { privateKey, publicKey } = generateKeyPair();
  const der = issueCertificate({
    subject: { commonName },
    subjectKey: publicKey,
    key: privateKey,
    notBefore: new Date('2024-01-01T00:00:00Z'),
    notAfter: new Date('2026-01-01T00:00:00Z'),
    profile: 'update',
  });
  return {
    privateKey,
    publicKey,
    certificate: parseCertificate(der),
    der,
    signer: keySigner(privateKey, 'the test key'),
  };
}

export const vendorId = bytes(16, 0x11);
export const classId = bytes(16, 0x22);
export const deviceId = bytes(16, 0x33);
export const now = new Date('2025-06-01T12:00:00Z');

/** 1 May 2025. */
const timestamp = 1_746_057_600n;

export function manifestV1(changes: Partial<ManifestV1> = {}): ManifestV1 {
  return {
    manifestVersion: 1,
    timestamp,
    vendorId,
    classId,
    deviceId: new Uint8Array(),
    nonce: bytes(16, 0x44),
    vendorInfo: new Uint8Array(),
    applyImmediately: true,
    encryptionMode: 2,
    aliases: [],
    dependencies: [],
    payload: {
      format: 1,
      storageIdentifier: 'default',
      reference: { hash: digestOf('image'), uri: 'http://firmware.example/image', size: 5 },
    },
    ...changes,
  };
}

/** A patch with all fields that 1.5 added. */
export const patchV1 = (): ManifestV1 =>
  manifestV1({
    precursorDigest: digestOf('old image'),
    priority: 3,
    payload: {
      format: 5,
      storageIdentifier: 'default',
      reference: { hash: digestOf('patch'), uri: 'http://firmware.example/patch', size: 5 },
      installedSize: 9,
      installedDigest: digestOf('new image'),
    },
  });

export function manifestV3(changes: Partial<ManifestV3> = {}): ManifestV3 {
  return {
    vendorId,
    classId,
    updatePriority: 0,
    componentName: 'MAIN',
    payloadVersion: '1.2.3',
    payloadDigest: digestOf('image'),
    payloadSize: 5,
    payloadUri: 'http://firmware.example/image',
    payloadFormat: 1,
    installedSignature: new Uint8Array(),
    ...changes,
  };
}

export const patchV3 = (): ManifestV3 =>
  manifestV3({
    payloadFormat: 5,
    payloadMetadata: {
      installedSize: 9,
      installedDigest: digestOf('new image'),
      precursorDigest: digestOf('old image'),
    },
  });
