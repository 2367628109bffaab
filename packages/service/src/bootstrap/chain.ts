import { type Certificate, verifySignedBy } from '@mooring/pki';

/** Why nothing that was shown leads to what is trusted; the worst comes first. */
export const chainFaults = [
  'certificate-unsupported',
  'certificate-purpose',
  'certificate-expired',
  'certificate-not-yet-valid',
  'certificate-untrusted',
] as const;

export type ChainFault = (typeof chainFaults)[number];

/** Who signed the leaf, and what the way ends in: an anchor of the caller's. */
export type Traced<Anchor> =
  | {
      readonly anchor: Anchor;
      /** The certificate that signed the leaf; the leaf itself if that is what is trusted. */
      readonly issuer: Certificate;
    }
  | { readonly fault: ChainFault };

/** A way of more authorities than this is followed by nobody. */
const longestWay = 5;

/** Critical extensions that are understood here (RFC 5280 §4.2): those that certificates of devices have. */
const understood: ReadonlySet<string> = new Set([
  '2.5.29.14',
  '2.5.29.15',
  '2.5.29.17',
  '2.5.29.19',
  '2.5.29.35',
  '2.5.29.37',
]);

const isWeak = ({ signatureAlgorithm }: Certificate): boolean => /md5|sha1/i.test(signatureAlgorithm);

/** What is wrong with a certificate by itself. Self-signed ones are not judged by their signature: it proves nothing. */
function ownFault(certificate: Certificate, now: Date): ChainFault | undefined {
  if (certificate.extensions.some(({ type, critical }) => critical && !understood.has(type))) {
    return 'certificate-unsupported';
  }
  if (!certificate.selfSigned && isWeak(certificate)) return 'certificate-unsupported';
  if (certificate.notAfter < now) return 'certificate-expired';
  if (certificate.notBefore > now) return 'certificate-not-yet-valid';
  return undefined;
}

/** Whether a certificate may stand for a client in TLS (RFC 5280 §4.2.1.3, §4.2.1.12). */
function mayBeClient({ keyUsage, extendedKeyUsage }: Certificate): boolean {
  if (keyUsage && !keyUsage.includes('digitalSignature')) return false;
  return (
    !extendedKeyUsage || extendedKeyUsage.some((purpose) => ['clientAuth', 'anyExtendedKeyUsage'].includes(purpose))
  );
}

/** An authority may have only so many below it (RFC 5280 §4.2.1.9); those that certify themselves do not count. */
const mayHaveBelow = ({ isAuthority, pathLength }: Certificate, below: number): boolean =>
  isAuthority && (pathLength === undefined || below <= pathLength);

/**
 * Follows the certificates that a device has shown to one that is trusted (RFC 5280 §6, without name constraints and
 * policies, which are refused where they are critical). That the device has the key of the leaf is proved by TLS.
 *
 * @param shown the leaf, then whatever else, in any order
 * @param anchors what is trusted: authorities, or certificates of single devices
 */
export function traceChain<Anchor extends { readonly certificate: Certificate }>(
  shown: readonly Certificate[],
  anchors: readonly Anchor[],
  now: Date,
): Traced<Anchor> {
  const [leaf, ...others] = shown;
  if (!leaf) return { fault: 'certificate-untrusted' };
  const leafFault = ownFault(leaf, now) ?? (mayBeClient(leaf) ? undefined : 'certificate-purpose');
  if (leafFault) return { fault: leafFault };
  const self = anchors.find(({ certificate }) => certificate.fingerprint === leaf.fingerprint);
  if (self) return { anchor: self, issuer: leaf };

  let fault: ChainFault = 'certificate-untrusted';
  const note = (found: ChainFault) => {
    if (chainFaults.indexOf(found) < chainFaults.indexOf(fault)) fault = found;
  };
  let current = leaf;
  let issuerOfLeaf: Certificate | undefined;
  let below = 0;
  const left = new Set(others.slice(0, longestWay));
  for (let step = 0; step < longestWay; step++) {
    for (const anchor of anchors) {
      const { certificate } = anchor;
      if (!mayHaveBelow(certificate, below) || !verifySignedBy(current, certificate)) continue;
      const found = ownFault(certificate, now);
      if (!found) return { anchor, issuer: issuerOfLeaf ?? certificate };
      note(found);
    }
    const next = [...left].find((one) => mayHaveBelow(one, below) && verifySignedBy(current, one));
    if (!next) break;
    left.delete(next);
    const found = ownFault(next, now);
    if (found) {
      note(found);
      break;
    }
    issuerOfLeaf ??= next;
    if (next.subjectText !== next.issuerText) below += 1;
    current = next;
  }
  return { fault };
}
