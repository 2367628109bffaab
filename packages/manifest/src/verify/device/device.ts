import type { Certificate } from '@mooring/pki';

/** What a device runs in one of its components. */
export interface InstalledComponent {
  /** What it reports: seconds since 1970, a counter, or a coded version. */
  version: bigint;
  /** SHA-256 of the image; all zero where the device cannot tell. */
  digest?: Uint8Array;
  /** Whether this component takes patches; true unless said otherwise. */
  delta?: boolean;
}

/** How a client was compiled, as far as that decides about manifests. The values here are those of its own defaults. */
export interface ClientBuild {
  /** `FOTA_MANIFEST_VENDOR_DATA_SIZE`: bytes of custom data that are taken; 0. */
  vendorDataSize?: number;
  /** `FOTA_MANIFEST_URI_SIZE`, with room for a final zero; 256. */
  uriSize?: number;
  /** Patches, and for the old client the fields that they need; true. */
  delta?: boolean;
  /** `MBED_CLOUD_CLIENT_FOTA_SUB_COMPONENT_SUPPORT`; false. */
  combined?: boolean;
  /** `MBED_CLOUD_CLIENT_FOTA_ENCRYPTION_SUPPORT`; false. */
  encryption?: boolean;
  /** `MBED_CLOUD_CLIENT_FOTA_SIGNED_IMAGE_SUPPORT`; false. */
  signedImages?: boolean;
}

/** A device in the field, as its client sees itself. */
export interface FieldedDevice {
  vendorId: Uint8Array;
  classId: Uint8Array;
  /** Update certificates in its store, DER or parsed. FOTA clients know the first one only. */
  certificates: readonly (Uint8Array | Certificate)[];
  /** By name, `MAIN` for the firmware. Where this is left out, only what stands in the manifest itself is judged. */
  components?: Readonly<Record<string, InstalledComponent>>;
  build?: ClientBuild;
}

export const mainComponent = 'MAIN';

export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
