import { der } from '@mooring/pki';

const { tags } = der;

/** One element of the tables by which the old client walks through a manifest. */
export interface HubElement {
  id: string;
  /** Absent: a CHOICE, told by the tags of its children. */
  tag?: number;
  optional?: true;
  children: readonly HubElement[];
}

const leaf = (id: string, tag: number, optional?: true): HubElement => ({
  id,
  tag,
  children: [],
  ...(optional ? { optional } : {}),
});
const text = (id: string, optional?: true) => leaf(id, tags.utf8String, optional);
const octets = (id: string, optional?: true) => leaf(id, tags.octetString, optional);
const integer = (id: string, optional?: true) => leaf(id, tags.integer, optional);
const choice = (id: string, children: readonly HubElement[], optional?: true): HubElement => ({
  id,
  children,
  ...(optional ? { optional } : {}),
});
const sequence = (id: string, children: readonly HubElement[], optional?: true): HubElement => ({
  id,
  tag: tags.sequence,
  children,
  ...(optional ? { optional } : {}),
});

const certificateReference = (prefix: string) => [octets(`${prefix}.fingerprint`), text(`${prefix}.uri`, true)];

const numberOrIdentifier = (id: string) => [
  leaf(`${id}.enum`, tags.enumerated),
  leaf(`${id}.oid`, tags.objectIdentifier),
];

const payload = (delta: boolean) =>
  sequence(
    'payload',
    [
      choice('format', numberOrIdentifier('format')),
      sequence(
        'encryptionInfo',
        [
          octets('initVector'),
          choice('id', [octets('id.key'), sequence('id.certificate', certificateReference('id.certificate'))]),
          choice('key', [text('key.keyTable'), octets('key.cipherKey')], true),
        ],
        true,
      ),
      text('storageIdentifier'),
      sequence('reference', [octets('reference.hash'), text('reference.uri', true), integer('reference.size')]),
      ...(delta ? [integer('installedSize', true), octets('installedDigest', true)] : []),
      text('version', true),
    ],
    true,
  );

const manifest = (delta: boolean) =>
  sequence('manifest', [
    leaf('manifestVersion', tags.enumerated),
    text('description', true),
    integer('timestamp'),
    octets('vendorId'),
    octets('classId'),
    octets('deviceId'),
    octets('nonce'),
    octets('vendorInfo'),
    ...(delta ? [octets('precursorDigest', true)] : []),
    sequence('applyPeriod', [integer('validFrom'), integer('validTo')], true),
    leaf('applyImmediately', tags.boolean),
    ...(delta ? [integer('priority', true)] : []),
    choice('encryptionMode', numberOrIdentifier('encryptionMode'), true),
    sequence('aliases', [sequence('alias', [octets('alias.hash'), text('alias.uri')])]),
    sequence('dependencies', [
      sequence('dependency', [octets('dependency.hash'), text('dependency.uri', true), integer('dependency.size')]),
    ]),
    payload(delta),
  ]);

const signatures = sequence('signatureBlock', [
  octets('signatureValue'),
  sequence('certificates', [sequence('certificate', certificateReference('certificate'))]),
]);

/** A block as it stands in the list of signatures: the list's own element, so that its members are found below it. */
export const signatureBlock: HubElement = signatures;

/** A member of a block's list of certificates. */
export const certificateElement: HubElement = sequence('certificate', certificateReference('certificate'));

export const payloadElement = { plain: payload(false), delta: payload(true) };

const signedResource = (delta: boolean) =>
  sequence('signedResource', [
    sequence('resource', [
      text('resourceUri', true),
      leaf('resourceType', tags.enumerated),
      choice('content', [manifest(delta), octets('payloadBytes')]),
    ]),
    sequence('resourceSignature', [
      octets('hash'),
      sequence('signatures', [signatures]),
      sequence('macs', [sequence('mac', [])], true),
    ]),
  ]);

/** Builds without patches do not know the fields that 1.5 added. */
export const signedResourceElement = { plain: signedResource(false), delta: signedResource(true) };
