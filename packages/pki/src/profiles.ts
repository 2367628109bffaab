import { createHash } from 'node:crypto';
import { isIP, isIPv4 } from 'node:net';
import {
  bitString,
  boolean,
  context,
  type Der,
  encode,
  integer,
  objectIdentifier,
  octetString,
  sequence,
} from './der.ts';
import { pkiErrors } from './errors.ts';
import { encodeExtension } from './extensions.ts';
import { extensionTypes, keyPurposes } from './object-identifiers.ts';

export type Profile = 'authority' | 'developer' | 'server' | 'update';

export interface ProfileInput {
  subjectKeyIdentifier: Uint8Array;
  /** Absent on a self-signed certificate. */
  authorityKeyIdentifier: Uint8Array | undefined;
  dnsNames: readonly string[];
  ipAddresses: readonly string[];
}

/** First 20 bytes of SHA-256 over the SubjectPublicKeyInfo (RFC 7093 §2 allows it; manifest-tool does it so). */
export const keyIdentifierOf = (spki: Uint8Array): Uint8Array =>
  new Uint8Array(createHash('sha256').update(spki).digest().subarray(0, 20));

const critical = true;
const digitalSignature = bitString(Uint8Array.of(0x80), 7);
const certificateAndListSigning = bitString(Uint8Array.of(0x06), 1);

const authorityConstraints = encodeExtension(
  extensionTypes.basicConstraints,
  sequence(boolean(true), integer(0)),
  critical,
);
const leafConstraints = encodeExtension(extensionTypes.basicConstraints, sequence(), critical);
const signingAuthority = encodeExtension(extensionTypes.keyUsage, certificateAndListSigning, critical);
const signingLeaf = encodeExtension(extensionTypes.keyUsage, digitalSignature, critical);
const signingUpdate = encodeExtension(extensionTypes.keyUsage, digitalSignature);
const purpose = (name: keyof typeof keyPurposes): Der =>
  encodeExtension(extensionTypes.extendedKeyUsage, sequence(objectIdentifier(keyPurposes[name])));
const clientAuth = purpose('clientAuth');
const serverAuth = purpose('serverAuth');
const codeSigning = purpose('codeSigning');

const subjectKeyIdentifier = (identifier: Uint8Array): Der =>
  encodeExtension(extensionTypes.subjectKeyIdentifier, octetString(identifier));

export const authorityKeyIdentifier = (identifier: Uint8Array): Der =>
  encodeExtension(extensionTypes.authorityKeyIdentifier, sequence(encode(0x80, identifier)));

function addressBytes(address: string): Uint8Array {
  if (isIPv4(address)) return Uint8Array.from(address.split('.'), Number);
  // The URL parser writes any IPv6 form as groups of hex with at most one "::".
  const text = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head = '', tail] = text.split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)));
  const before = groups(head);
  const after = groups(tail ?? '');
  const all = [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
  return Uint8Array.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}

const hostName =
  /^(\*\.)?([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*$/;

/** @throws MooringError `pki.alternative.name.invalid` */
function alternativeNames(dnsNames: readonly string[], ipAddresses: readonly string[]): Der[] {
  if (dnsNames.length + ipAddresses.length === 0) return [];
  const refuse = (what: string, value: string) =>
    pkiErrors('pki.alternative.name.invalid', {
      message: `"${value}" is not ${what} that a certificate can name.`,
      next: 'Give host names as they stand in the DNS (xn--… for international ones) and addresses without a zone.',
    });
  const names = dnsNames.map((name) => {
    if (name.length > 253 || !hostName.test(name)) throw refuse('a host name', name);
    return encode(0x82, Buffer.from(name, 'latin1'));
  });
  const addresses = ipAddresses.map((address) => {
    if (isIP(address) === 0 || address.includes('%')) throw refuse('an IP address', address);
    return encode(0x87, addressBytes(address));
  });
  return [encodeExtension(extensionTypes.subjectAltName, sequence(...names, ...addresses))];
}

/** The extensions of a profile, in their order. */
export function profileExtensions(profile: Profile, input: ProfileInput): Der {
  const subjectId = subjectKeyIdentifier(input.subjectKeyIdentifier);
  const identifiers = input.authorityKeyIdentifier
    ? [subjectId, authorityKeyIdentifier(input.authorityKeyIdentifier)]
    : [subjectId];
  const names = alternativeNames(input.dnsNames, input.ipAddresses);
  const extensions = {
    authority: () => [authorityConstraints, signingAuthority, ...identifiers],
    developer: () => [leafConstraints, signingLeaf, clientAuth, ...names, ...identifiers],
    server: () => [leafConstraints, signingLeaf, serverAuth, ...names, ...identifiers],
    // Order and criticality as manifest-tool 1.4.8 writes them, checked against certificates that it made.
    update: () => [signingUpdate, ...updateNames, codeSigning, subjectId],
  }[profile]();
  return context(3, sequence(...extensions));
}

const updateNames = alternativeNames(['localhost'], []);
