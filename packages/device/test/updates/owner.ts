import { createHash } from 'node:crypto';
import { keySigner, type ManifestV1, type ManifestV3, signV1, signV3 } from '@mooring/manifest';
import { generateKeyPair, issueCertificate, parseCertificate } from '@mooring/pki';

export const vendorId = new Uint8Array(16).fill(0x11);
export const classId = new Uint8Array(16).fill(0x22);

/** Who owns devices: a key, its certificate, and manifests signed with it. */
export class Owner {
  readonly #keys = generateKeyPair();
  readonly certificate: Uint8Array;

  constructor(notAfter = '2046-01-01T00:00:00Z') {
    this.certificate = this.certify(notAfter);
  }

  certify(notAfter: string): Uint8Array {
    const { privateKey, publicKey } = this.#keys;
    return issueCertificate({
      subject: { commonName: 'updates.example' },
      subjectKey: publicKey,
      key: privateKey,
      notBefore: new Date('2024-01-01T00:00:00Z'),
      notAfter: new Date(notAfter),
      profile: 'update',
    });
  }

  v1(image: Uint8Array, uri: string, timestamp: bigint, changes: Partial<ManifestV1> = {}): Promise<Uint8Array> {
    const manifest: ManifestV1 = {
      manifestVersion: 1,
      timestamp,
      vendorId,
      classId,
      deviceId: new Uint8Array(),
      nonce: new Uint8Array(16).fill(4),
      vendorInfo: new Uint8Array(),
      applyImmediately: true,
      encryptionMode: 2,
      aliases: [],
      dependencies: [],
      payload: {
        format: 1,
        storageIdentifier: 'default',
        reference: { hash: sha256(image), uri, size: image.length },
      },
      ...changes,
    };
    const signer = keySigner(this.#keys.privateKey, 'the owner');
    return signV1({ resourceType: 0, resource: manifest }, signer, parseCertificate(this.certificate));
  }

  v3(image: Uint8Array, uri: string, version: string, changes: Partial<ManifestV3> = {}): Promise<Uint8Array> {
    const manifest: ManifestV3 = {
      vendorId,
      classId,
      updatePriority: 0,
      componentName: 'MAIN',
      payloadVersion: version,
      payloadDigest: sha256(image),
      payloadSize: image.length,
      payloadUri: uri,
      payloadFormat: 1,
      installedSignature: new Uint8Array(),
      ...changes,
    };
    return signV3(manifest, keySigner(this.#keys.privateKey, 'the owner'));
  }
}

export const sha256 = (data: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(data).digest());
export const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex');
