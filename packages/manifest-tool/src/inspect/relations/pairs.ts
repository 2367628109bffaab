import { type Certificate, spkiOf, verifySignedBy } from '@mooring/pki';
import type { Finding } from '../finding.ts';
import type { ReadItem } from '../item.ts';

const sameKey = (key: NonNullable<ReadItem['publicKey']>, { spki }: Certificate): boolean =>
  Buffer.compare(spkiOf(key), spki) === 0;

/** Which private key is that of which certificate. */
function keyFindings(items: readonly ReadItem[]): Finding[] {
  const certified = items.filter(({ kind, certificates }) => kind === 'certificate' && certificates);
  return items.flatMap(({ file, kind, publicKey, folder }): Finding[] => {
    if (kind !== 'private-key' || !publicKey || certified.length === 0) return [];
    const own = certified.filter(({ certificates = [] }) => certificates[0] && sameKey(publicKey, certificates[0]));
    if (own.length === 0) {
      const text = `${file} is the key of none of the certificates here`;
      // Keys of a folder may be those of certificates that are elsewhere.
      return [{ weight: folder === undefined ? 'problem' : 'warning', code: 'key.pair', files: [file], text }];
    }
    return own.map((certificate) => ({
      weight: 'fits',
      code: 'key.pair',
      files: [file, certificate.file],
      text: `${file} is the key of ${certificate.file}`,
    }));
  });
}

function related(one: ReadItem, other: ReadItem): string | undefined {
  const [a, b] = [one.certificates?.[0], other.certificates?.[0]];
  if (!a || !b) return undefined;
  if (a.fingerprint === b.fingerprint) return `${one.file} and ${other.file} hold the same certificate`;
  if (Buffer.compare(a.spki, b.spki) === 0) {
    const [first, second] = a.notAfter <= b.notAfter ? [one, other] : [other, one];
    return `${second.file} is a successor of ${first.file}: the same key, valid for longer`;
  }
  if (!a.selfSigned && verifySignedBy(a, b)) return `${other.file} issued ${one.file}`;
  if (!b.selfSigned && verifySignedBy(b, a)) return `${one.file} issued ${other.file}`;
  return undefined;
}

function certificateFindings(items: readonly ReadItem[]): Finding[] {
  const certified = items.filter(({ kind }) => kind === 'certificate');
  return certified.flatMap((one, index) =>
    certified.slice(index + 1).flatMap((other): Finding[] => {
      const text = related(one, other);
      return text === undefined
        ? []
        : [{ weight: 'note', code: 'certificate.related', files: [one.file, other.file], text }];
    }),
  );
}

/** Pre-shared keys come from a master key, which is known by its id. */
function masterKeyFindings(items: readonly ReadItem[]): Finding[] {
  return items.flatMap((master): Finding[] =>
    master.kind !== 'master-key' || !master.pskId
      ? []
      : items.flatMap((item): Finding[] => {
          if (item === master || !item.pskId) return [];
          const fits = Buffer.compare(item.pskId, master.pskId as Uint8Array) === 0;
          const text = fits
            ? `${item.file} was made with ${master.file}`
            : `${item.file} was made with another master key than ${master.file}`;
          return [{ weight: fits ? 'fits' : 'problem', code: 'psk.master', files: [item.file, master.file], text }];
        }),
  );
}

export const pairFindings = (items: readonly ReadItem[]): Finding[] => [
  ...keyFindings(items),
  ...certificateFindings(items),
  ...masterKeyFindings(items),
];
