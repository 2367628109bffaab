import { formatUuid } from '@mooring/credentials';
import type {
  CertificateReference,
  EncryptionInfo,
  MacBlock,
  ManifestV1,
  NumberOrIdentifier,
  PayloadDescription,
  ResourceReference,
  ResourceV1,
  SignatureBlock,
  SignedResourceV1,
} from '@mooring/manifest';
import type { PythonJson } from '../python/json.ts';

/** A part of a manifest for people: names as in the schema and in its order, octet strings still as bytes. */
export type Tree = PythonJson | Uint8Array | readonly Tree[] | { readonly [name: string]: Tree };
type Branch = { readonly [name: string]: Tree };

const optional = (name: string, value: Tree | undefined): Branch => (value === undefined ? {} : { [name]: value });

/** Numbers are kept as numbers: the names of the enumerations are for writing only, as in the old tools. */
const choice = (value: NumberOrIdentifier): Branch =>
  typeof value === 'number' ? { enum: value } : { objectId: value };

const whole = (value: bigint): number | bigint => (Number.isSafeInteger(Number(value)) ? Number(value) : value);

const reference = ({ hash, uri, size }: ResourceReference): Branch => ({ hash, ...optional('uri', uri), size });

const certificateReference = ({ fingerprint, uri }: CertificateReference): Branch => ({ fingerprint, uri });

const encryptionInfo = ({ initVector, id, key }: EncryptionInfo): Branch => ({
  initVector,
  id: 'key' in id ? { key: id.key } : { certificate: certificateReference(id.certificate) },
  ...optional('key', key as Branch | undefined),
});

const payload = (found: PayloadDescription): Branch => ({
  format: choice(found.format),
  ...optional('encryptionInfo', found.encryptionInfo && encryptionInfo(found.encryptionInfo)),
  storageIdentifier: found.storageIdentifier,
  reference: reference(found.reference),
  ...optional('installedSize', found.installedSize),
  ...optional('installedDigest', found.installedDigest),
  ...optional('version', found.version),
});

const manifest = (found: ManifestV1): Branch => ({
  manifestVersion: found.manifestVersion,
  ...optional('description', found.description),
  timestamp: whole(found.timestamp),
  vendorId: found.vendorId,
  classId: found.classId,
  deviceId: found.deviceId,
  nonce: found.nonce,
  vendorInfo: found.vendorInfo,
  ...optional('precursorDigest', found.precursorDigest),
  ...optional(
    'applyPeriod',
    found.applyPeriod && { validFrom: whole(found.applyPeriod.validFrom), validTo: whole(found.applyPeriod.validTo) },
  ),
  applyImmediately: found.applyImmediately,
  ...optional('priority', found.priority),
  encryptionMode: choice(found.encryptionMode),
  aliases: found.aliases.map(({ hash, uri }) => ({ hash, uri })),
  dependencies: found.dependencies.map(reference),
  ...optional('payload', found.payload && payload(found.payload)),
});

const resource = ({ uri, resourceType, resource: inner }: ResourceV1): Branch => ({
  ...optional('uri', uri),
  resourceType,
  resource: inner instanceof Uint8Array ? { payload: inner } : { manifest: manifest(inner) },
});

const signatureBlock = ({ signature, certificates }: SignatureBlock): Branch => ({
  signature,
  certificates: certificates.map(certificateReference),
});

const macBlock = (mac: MacBlock): Branch => ({
  pskID: mac.pskId,
  keyTableVersion: mac.keyTableVersion,
  ...optional('keyTableIV', mac.keyTableIv),
  ...optional('keyTableRef', mac.keyTableRef),
  keyTableIndexSize: mac.keyTableIndexSize,
  keyTableRecordSize: mac.keyTableRecordSize,
});

/** A manifest of schema v1 by the names of its schema. */
export const treeOfV1 = ({ resource: signed, signature }: SignedResourceV1): Branch => ({
  resource: resource(signed),
  signature: {
    hash: signature.hash,
    signatures: signature.signatures.map(signatureBlock),
    ...optional('macs', signature.macs?.map(macBlock)),
  },
});

const ids = new Set(['vendorId', 'classId', 'deviceId']);

function leaf(name: string, bytes: Uint8Array): string {
  return ids.has(name) ? formatUuid(bytes) : Buffer.from(bytes).toString('hex');
}

const isEmpty = (value: Tree): boolean =>
  value === '' || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);

/** As `parse` of 1.x shows it: bytes as hex, the three ids with dashes, empty texts, octet strings and lists left out. */
export function jsonOf(tree: Tree, name = ''): PythonJson {
  if (tree instanceof Uint8Array) return leaf(name, tree);
  if (Array.isArray(tree)) return (tree as readonly Tree[]).map((item) => jsonOf(item));
  if (typeof tree !== 'object' || tree === null) return tree as PythonJson;
  const entries = Object.entries(tree as Branch).filter(([, value]) => !isEmpty(value));
  return Object.fromEntries(entries.map(([key, value]) => [key, jsonOf(value, key)]));
}
