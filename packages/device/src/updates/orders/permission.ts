import { isVersion, versionNumber } from '@mooring/manifest';

/**
 * What the signer of a manifest grants besides, in its vendor data (`vendorInfo` of schema v1, `vendor-data` of v3), which
 * the signature covers: one line of text.
 */
export type Permission =
  /** `mooring/1 downgrade-from-up-to=VERSION`: devices that run this version or an older one may go back. */
  | { readonly kind: 'downgrade'; readonly upTo: bigint }
  /** `mooring/1 successor`: the payload is the certificate (DER) that takes the place of the signer's. */
  | { readonly kind: 'successor' }
  /** It starts as one, and is not known here: nothing is installed under words that are not understood. */
  | { readonly kind: 'unknown'; readonly text: string };

const prefix = 'mooring/1 ';

export function readPermission(vendorData: Uint8Array | undefined): Permission | undefined {
  const text = Buffer.from(vendorData ?? [])
    .toString('utf8')
    .trimEnd();
  if (!text.startsWith(prefix)) return undefined;
  const words = text.slice(prefix.length);
  if (words === 'successor') return { kind: 'successor' };
  const version = /^downgrade-from-up-to=(.+)$/.exec(words)?.[1] ?? '';
  if (isVersion(version)) return { kind: 'downgrade', upTo: versionNumber(version) };
  if (/^[1-9]\d{0,18}$/.test(version)) return { kind: 'downgrade', upTo: BigInt(version) };
  return { kind: 'unknown', text: words };
}
