import type { NumberOrIdentifier } from '../field-reader.ts';

/** `encryptionMode` of schema v1, by number. */
export const encryptionModes = [
  'invalid',
  'aes-128-ctr-ecc-secp256r1-sha256',
  'none-ecc-secp256r1-sha256',
  'none-none-sha256',
  'none-psk-aes-128-ccm-sha256',
  'aes-128-ccm-psk-sha256',
] as const;

/** The number of a mode by its name. The original `create` has a name of its own for 5. */
export function encryptionModeOf(name: string): number | undefined {
  if (name === 'psk-aes-128-ccm-sha256') return 5;
  const number = (encryptionModes as readonly string[]).indexOf(name);
  return number < 0 ? undefined : number;
}

/** Signed with ECDSA, payload not encrypted: what every tool writes unless told otherwise. */
export const signedMode = 2;
/** Authenticated with the pre-shared keys of the devices in place of a signature. */
export const preSharedKeyMode = 4;

/** `payload.format` of schema v1, by number; 5 came with release 1.5. */
export const payloadFormatsV1 = [
  'undefined',
  'raw-binary',
  'cbor',
  'hex-location-length-data',
  'elf',
  'bsdiff-stream',
] as const;

export const resourceTypes = { manifest: 0, payload: 1 } as const;

export interface ResourceReference {
  /** SHA-256 of the resource. */
  hash: Uint8Array;
  uri?: string;
  /** Bytes. */
  size: number;
}

export interface ResourceAlias {
  hash: Uint8Array;
  uri: string;
}

export interface CertificateReference {
  /** SHA-256 of the DER certificate. */
  fingerprint: Uint8Array;
  uri: string;
}

export interface EncryptionInfo {
  initVector: Uint8Array;
  id: { key: Uint8Array } | { certificate: CertificateReference };
  key?: { keyTable: string } | { cipherKey: Uint8Array };
}

export interface PayloadDescription {
  format: NumberOrIdentifier;
  encryptionInfo?: EncryptionInfo;
  storageIdentifier: string;
  reference: ResourceReference;
  /** Since 1.5: bytes of the image once the delta is applied. */
  installedSize?: number;
  /** Since 1.5: SHA-256 of that image. */
  installedDigest?: Uint8Array;
  version?: string;
}

/** Schema v1 (manifest-tool 1.x, and `create-v1` of 2.x). An id that is absent is an empty octet string. */
export interface ManifestV1 {
  manifestVersion: number;
  description?: string;
  /** Seconds since 1970, or a version number: devices take only what is larger than what they run. */
  timestamp: bigint;
  vendorId: Uint8Array;
  classId: Uint8Array;
  deviceId: Uint8Array;
  /** 16 random bytes in 1.x, empty in 2.x. */
  nonce: Uint8Array;
  vendorInfo: Uint8Array;
  /** Since 1.5: SHA-256 of the image that the delta applies to. */
  precursorDigest?: Uint8Array;
  /** Seconds since 1970. */
  applyPeriod?: { validFrom: bigint; validTo: bigint };
  applyImmediately: boolean;
  /** Since 1.5. */
  priority?: number;
  encryptionMode: NumberOrIdentifier;
  aliases: ResourceAlias[];
  dependencies: ResourceReference[];
  payload?: PayloadDescription;
}

export interface ResourceV1 {
  uri?: string;
  resourceType: number;
  /** The manifest, or the bytes of a payload carried in place of one. */
  resource: ManifestV1 | Uint8Array;
}

export interface SignatureBlock {
  /** DER ECDSA-Sig-Value. */
  signature: Uint8Array;
  certificates: CertificateReference[];
}

export interface MacBlock {
  pskId: Uint8Array;
  keyTableVersion: number;
  keyTableIv?: Uint8Array;
  keyTableRef?: string;
  keyTableIndexSize: number;
  keyTableRecordSize: number;
}

export interface ResourceSignatureV1 {
  /** SHA-256 of the resource, header included. */
  hash: Uint8Array;
  signatures: SignatureBlock[];
  macs?: MacBlock[];
}

export interface SignedResourceV1 {
  resource: ResourceV1;
  signature: ResourceSignatureV1;
}

/** The manifest in a resource, undefined where it carries a payload. */
export const manifestOf = (resource: ResourceV1): ManifestV1 | undefined =>
  resource.resource instanceof Uint8Array ? undefined : resource.resource;
