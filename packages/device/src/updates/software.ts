/** A state of a device's software, as manifests count it. */
export interface Software {
  /** Of the manifest: its timestamp (v1), or the number of a version `a.b.c` (v3). Later software has a larger one. */
  readonly version: bigint;
  /** SHA-256 of the payload, 64 hexadecimal digits; zeros before the first update. */
  readonly digest: string;
  /** Bytes of the payload. */
  readonly size: number;
}

export const noDigest = '0'.repeat(64);

/** As a journal and a state file have it. */
export interface SoftwareText {
  readonly version: string;
  readonly digest: string;
  readonly size: number;
}

export const softwareText = ({ version, digest, size }: Software): SoftwareText => ({
  version: `${version}`,
  digest,
  size,
});

/** Undefined where it is none. */
export function readSoftware(value: unknown): Software | undefined {
  const { version, digest, size } = (value ?? {}) as Partial<Record<keyof SoftwareText, unknown>>;
  const isGood =
    typeof version === 'string' &&
    /^\d{1,19}$/.test(version) &&
    typeof digest === 'string' &&
    /^[0-9a-f]{64}$/.test(digest);
  return isGood && typeof size === 'number' ? { version: BigInt(version), digest, size } : undefined;
}
