import type { BinItem } from '@mooring/credentials';

export type CertificateKind = 'developer' | 'update' | 'unknown';

export interface StoredCertificate {
  name: string;
  kind: CertificateKind;
  items: BinItem[];
}

export function storedCertificate(name: string, items: BinItem[]): StoredCertificate {
  return { name, kind: kindOf(items), items };
}

/** The store does not say which kind a certificate is; the names of the C variables do. */
export function kindOf(items: readonly BinItem[]): CertificateKind {
  if (items.some((item) => item.name.startsWith('MBED_CLOUD_DEV_'))) return 'developer';
  if (items.some((item) => item.name.startsWith('arm_uc_'))) return 'update';
  return 'unknown';
}

/** True if both hold the same files with the same content, in whatever order. */
export function sameItems(one: readonly BinItem[], other: readonly BinItem[]): boolean {
  const content = new Map(one.map((item) => [item.name, Buffer.from(item.data)]));
  return one.length === other.length && other.every((item) => content.get(item.name)?.equals(item.data) ?? false);
}
