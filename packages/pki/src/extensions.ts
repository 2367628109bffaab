import { isIPv6 } from 'node:net';
import { boolean, type Der, objectIdentifier, octetString, sequence, tags } from './der.ts';
import { DerReader } from './der-reader.ts';
import { extensionTypes, keyPurposeNames } from './object-identifiers.ts';

export interface Extension {
  /** Dotted object identifier. */
  type: string;
  critical: boolean;
  /** Content of extnValue, itself DER. */
  value: Uint8Array;
}

export function encodeExtension(type: string, value: Uint8Array, critical = false): Der {
  return sequence(objectIdentifier(type), ...(critical ? [boolean(true)] : []), octetString(value));
}

/** @throws MooringError `pki.der.malformed` */
export function readExtensions(field: DerReader): Extension[] {
  const list = field.enter(tags.sequence, 'the extensions');
  const found: Extension[] = [];
  while (!list.done) {
    const start = list.offset;
    const one = list.enter(tags.sequence, 'an extension');
    const type = one.objectIdentifier('the type of an extension');
    const critical = one.peek() === tags.boolean && one.boolean();
    const value = one.octetString('the value of an extension');
    one.finish();
    if (found.some((other) => other.type === type)) list.fail(`the extension ${type} is there twice`, start);
    found.push({ type, critical, value });
  }
  return found;
}

const keyUsageNames = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
];

function readKeyUsage(reader: DerReader): string[] {
  const { bytes } = reader.bits('keyUsage');
  return keyUsageNames.filter((_, bit) => ((bytes[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0);
}

function readExtendedKeyUsage(reader: DerReader): string[] {
  const list = reader.enter(tags.sequence);
  const purposes: string[] = [];
  while (!list.done) {
    const type = list.objectIdentifier('a key purpose');
    purposes.push(keyPurposeNames.get(type) ?? type);
  }
  return purposes;
}

function readBasicConstraints(reader: DerReader): { isAuthority: boolean; pathLength?: number } {
  const fields = reader.enter(tags.sequence);
  const isAuthority = fields.peek() === tags.boolean && fields.boolean();
  const pathLength = fields.done ? undefined : fields.number('the path length');
  fields.finish();
  return { isAuthority, ...(pathLength === undefined ? {} : { pathLength }) };
}

const dnsName = 0x82;
const ipAddress = 0x87;

function addressText(bytes: Uint8Array): string | undefined {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) return undefined;
  const groups = Buffer.from(bytes).toString('hex').match(/.{4}/g) ?? [];
  const text = groups.join(':');
  return isIPv6(text) ? new URL(`http://[${text}]`).hostname.slice(1, -1) : text;
}

function readAlternativeNames(reader: DerReader): { dnsNames?: string[]; ipAddresses?: string[] } {
  const list = reader.enter(tags.sequence);
  const dnsNames: string[] = [];
  const ipAddresses: string[] = [];
  while (!list.done) {
    const { tag, content } = list.next(undefined, 'an alternative name');
    if (tag === dnsName) dnsNames.push(Buffer.from(content).toString('latin1'));
    const address = tag === ipAddress ? addressText(content) : undefined;
    if (address !== undefined) ipAddresses.push(address);
  }
  return { ...(dnsNames.length > 0 && { dnsNames }), ...(ipAddresses.length > 0 && { ipAddresses }) };
}

export interface ExtensionFacts {
  subjectKeyIdentifier?: Uint8Array;
  authorityKeyIdentifier?: Uint8Array;
  isAuthority: boolean;
  pathLength?: number;
  keyUsage?: string[];
  extendedKeyUsage?: string[];
  dnsNames?: string[];
  ipAddresses?: string[];
}

/** @throws MooringError `pki.der.malformed`; offsets are those inside the extension */
export function readExtensionFacts(extensions: readonly Extension[]): ExtensionFacts {
  const facts: ExtensionFacts = { isAuthority: false };
  const read: Record<string, (reader: DerReader) => void> = {
    [extensionTypes.subjectKeyIdentifier]: (reader) => {
      facts.subjectKeyIdentifier = reader.octetString();
    },
    [extensionTypes.authorityKeyIdentifier]: (reader) => {
      const identifier = reader.enter(tags.sequence).optional(0x80);
      if (identifier) facts.authorityKeyIdentifier = new Uint8Array(identifier.content);
    },
    [extensionTypes.basicConstraints]: (reader) => {
      Object.assign(facts, readBasicConstraints(reader));
    },
    [extensionTypes.keyUsage]: (reader) => {
      facts.keyUsage = readKeyUsage(reader);
    },
    [extensionTypes.extendedKeyUsage]: (reader) => {
      facts.extendedKeyUsage = readExtendedKeyUsage(reader);
    },
    [extensionTypes.subjectAltName]: (reader) => {
      Object.assign(facts, readAlternativeNames(reader));
    },
  };
  for (const { type, value } of extensions) {
    const reader = new DerReader(value, `the certificate extension ${type}`);
    const known = read[type];
    if (!known) continue;
    known(reader);
    reader.finish();
  }
  // CA:TRUE without the right to sign certificates is no authority (RFC 5280 §4.2.1.9).
  if (facts.keyUsage && !facts.keyUsage.includes('keyCertSign')) facts.isAuthority = false;
  return facts;
}
