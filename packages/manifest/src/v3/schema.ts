/** `payload-format` of schema v3. A comment in the device's sources gives 263 for the last; its constant is 262. */
export const payloadFormatsV3 = {
  'raw-binary': 1,
  'arm-patch-stream': 5,
  combined: 6,
  'encrypted-raw': 0x101,
  'encrypted-combined': 0x106,
} as const;

export type PayloadFormatV3 = keyof typeof payloadFormatsV3;

export const payloadFormatNameV3 = (format: number): PayloadFormatV3 | undefined =>
  (Object.keys(payloadFormatsV3) as PayloadFormatV3[]).find((name) => payloadFormatsV3[name] === format);

/** The service appends the key of an encrypted payload to such a manifest. */
export const isEncryptedFormat = (format: number): boolean => format >= 0x100;

/** What comes of a payload that is not the image itself. */
export interface PayloadMetadata {
  installedSize: number;
  installedDigest: Uint8Array;
  /** Of patches only: SHA-256 of the image that the patch applies to. */
  precursorDigest?: Uint8Array;
}

/** Schema v3 (manifest-tool 2.x). */
export interface ManifestV3 {
  vendorId: Uint8Array;
  classId: Uint8Array;
  updatePriority: number;
  componentName: string;
  /** `1.2.3` */
  payloadVersion: string;
  /** SHA-256 of what is downloaded. */
  payloadDigest: Uint8Array;
  /** Bytes of what is downloaded. */
  payloadSize: number;
  payloadUri: string;
  payloadFormat: number;
  /** Raw r‖s over the installed image, or empty. */
  installedSignature: Uint8Array;
  payloadMetadata?: PayloadMetadata;
  /** Custom data for the device's application. */
  vendorData?: Uint8Array;
}

export interface SignedResourceV3 {
  /** Not covered by the signature. */
  manifestVersion: number;
  manifest: ManifestV3;
  /** Raw r‖s, 64 bytes. */
  signature: Uint8Array;
}
