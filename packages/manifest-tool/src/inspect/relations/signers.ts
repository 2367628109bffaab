import type { KeyObject } from 'node:crypto';
import {
  type DecodedV1,
  type DecodedV3,
  hexOutput,
  isP256,
  verifies,
  verifiesDigest,
  verifiesRaw,
} from '@mooring/manifest';
import { type Certificate, spkiOf } from '@mooring/pki';
import type { Finding } from '../finding.ts';
import type { ReadItem } from '../item.ts';

interface Candidate {
  key: KeyObject;
  certificate?: Certificate;
  /** All that hold it. */
  files: string[];
}

/** `a, b and c` */
const listed = (files: readonly string[]): string =>
  files.length < 2 ? files.join('') : `${files.slice(0, -1).join(', ')} and ${files.at(-1)}`;

/** Every certificate, and every key that is in none of them, once, with the files that hold it. */
function candidatesOf(items: readonly ReadItem[]): Candidate[] {
  const found = new Map<string, Candidate>();
  const add = (id: string, candidate: Omit<Candidate, 'files'>, file: string) => {
    const known = found.get(id) ?? { ...candidate, files: [] };
    if (!known.files.includes(file)) known.files.push(file);
    found.set(id, known);
  };
  for (const { file, certificates = [], publicKey, device } of items) {
    for (const certificate of [...certificates, ...(device?.certificates ?? [])]) {
      add(certificate.fingerprint, { key: certificate.publicKey, certificate }, file);
    }
    if (publicKey) add(hexOutput(spkiOf(publicKey)), { key: publicKey }, file);
  }
  const certified = new Set(
    [...found.values()].flatMap(({ certificate }) => (certificate ? hexOutput(certificate.spki) : [])),
  );
  return [...found.entries()]
    .filter(([id, { key }]) => isP256(key) && !certified.has(id))
    .map(([, candidate]) => candidate);
}

const signed = (decoded: DecodedV1, key: KeyObject): boolean =>
  decoded.value.signature.signatures.some(({ signature }) => verifies(key, decoded.resourceTlv, signature));

const names = (decoded: DecodedV1, { fingerprint }: Certificate): boolean =>
  decoded.value.signature.signatures.some(({ certificates }) =>
    certificates.some((named) => hexOutput(named.fingerprint) === fingerprint),
  );

/** Schema v1 names certificates: one that is named has to fit, one that only fits is not found by all clients. */
function withV1(file: string, decoded: DecodedV1, { key, certificate, files }: Candidate): Finding | undefined {
  const finding = (weight: Finding['weight'], text: string): Finding => ({
    weight,
    code: 'manifest.signature',
    files: [file, ...files],
    text,
  });
  const [fits, named] = [signed(decoded, key), certificate ? names(decoded, certificate) : undefined];
  const who = listed(files);
  const have = files.length > 1 ? 'have' : 'has';
  if (fits && named !== false) return finding('fits', `${who} can verify ${file}`);
  if (fits) {
    return finding(
      'note',
      `${who} ${have} the key that signed ${file}, which names another certificate: FOTA clients take it, those before them do not find it`,
    );
  }
  if (named)
    return finding('problem', `${file} names the certificate in ${who}, but was not signed with its key, or changed`);
  return undefined;
}

/** The second signature of schema v3, over the image that will run. */
function ofImage(file: string, { value }: DecodedV3, { key, files }: Candidate): Finding[] {
  const { installedSignature, payloadMetadata, payloadDigest } = value.manifest;
  if (installedSignature.length === 0) return [];
  const fits = verifiesDigest(key, payloadMetadata?.installedDigest ?? payloadDigest, installedSignature);
  const text = fits
    ? `the signature of the image in ${file} is by the same key`
    : `the signature of the image in ${file} is not by the key of the manifest: boot loaders refuse the image`;
  return [{ weight: fits ? 'fits' : 'problem', code: 'manifest.image.signature', files: [file, ...files], text }];
}

/** Who can verify which manifest. */
export function signerFindings(items: readonly ReadItem[]): Finding[] {
  const candidates = candidatesOf(items);
  const findings: Finding[] = [];
  for (const { file, manifest } of items) {
    if (!manifest) continue;
    const { decoded } = manifest;
    const isMac = decoded.schema === 'v1' && decoded.value.signature.signatures.length === 0;
    const found = candidates.flatMap((candidate): Finding[] => {
      if (decoded.schema === 'v1') {
        const one = withV1(file, decoded, candidate);
        return one ? [one] : [];
      }
      if (!verifiesRaw(candidate.key, decoded.manifestTlv, decoded.value.signature)) return [];
      const text = `${listed(candidate.files)} can verify ${file}`;
      const fits: Finding = { weight: 'fits', code: 'manifest.signature', files: [file, ...candidate.files], text };
      return [fits, ...ofImage(file, decoded, candidate)];
    });
    findings.push(...found);
    if (isMac || found.some(({ weight }) => weight === 'fits' || weight === 'problem')) continue;
    findings.push({
      weight: candidates.length > 0 ? 'warning' : 'note',
      code: 'manifest.signer.unknown',
      files: [file],
      text:
        candidates.length > 0
          ? `none of the certificates and keys here can verify ${file}`
          : `nobody here can verify ${file}: name its certificate, or the folder of settings, as well`,
    });
  }
  return findings;
}
