import { createHash } from 'node:crypto';
import { keySigner, type ManifestV1, type ManifestV3, signedMode, signV1, signV3 } from '@mooring/manifest';
import { type Certificate, generateKeyPair, issueCertificate, parseCertificate } from '@mooring/pki';

export const vendor = new Uint8Array(16).fill(0x11);
export const deviceClass = new Uint8Array(16).fill(0x22);

/** Someone who signs updates. */
export interface Owner {
  readonly signer: ReturnType<typeof keySigner>;
  readonly certificate: Certificate;
}

export function owner(notAfter = '2036-01-01'): Owner {
  const { privateKey } = generateKeyPair();
  const der = issueCertificate({
    subject: { commonName: 'release' },
    subjectKey: privateKey,
    key: privateKey,
    notBefore: new Date('2026-01-01'),
    notAfter: new Date(notAfter),
    profile: 'update',
  });
  return { signer: keySigner(privateKey), certificate: parseCertificate(der) };
}

export const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();

export function manifestV3(by: Owner, image: Uint8Array, fields: Partial<ManifestV3> = {}): Promise<Uint8Array> {
  return signV3(
    {
      vendorId: vendor,
      classId: deviceClass,
      updatePriority: 0,
      componentName: 'MAIN',
      payloadVersion: '1.2.3',
      payloadDigest: sha256(image),
      payloadSize: image.length,
      payloadUri: 'http://downloads.example/f/image',
      payloadFormat: 1,
      installedSignature: new Uint8Array(),
      ...fields,
    },
    by.signer,
  );
}

export function manifestV1(
  by: Owner,
  image: Uint8Array,
  { uri = 'http://downloads.example/f/image', ...fields }: Partial<ManifestV1> & { uri?: string } = {},
): Promise<Uint8Array> {
  return signV1(
    {
      manifestVersion: 1,
      timestamp: 1_800_000_000n,
      vendorId: vendor,
      classId: deviceClass,
      deviceId: new Uint8Array(),
      nonce: new Uint8Array(16).fill(7),
      vendorInfo: new Uint8Array(),
      applyImmediately: true,
      encryptionMode: signedMode,
      aliases: [],
      dependencies: [],
      payload: {
        format: 1,
        storageIdentifier: 'default',
        reference: { hash: sha256(image), uri, size: image.length },
      },
      ...fields,
    },
    by.signer,
    by.certificate,
  );
}
