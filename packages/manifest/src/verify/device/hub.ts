import type { Certificate } from '@mooring/pki';
import { sha256 } from '../../signing/signer.ts';
import { preSharedKeyMode, signedMode } from '../../v1/schema.ts';
import { Checks, type Verdict } from '../verdict.ts';
import { type FieldedDevice, mainComponent, sameBytes } from './device.ts';
import { findValues, listMember } from './hub-parser.ts';
import { HubRefusal, hubResults } from './hub-result.ts';
import {
  certificateElement,
  type HubElement,
  payloadElement,
  signatureBlock,
  signedResourceElement,
} from './hub-schema.ts';
import { certificateKey, clientVerifies } from './signature.ts';

const digestSize = 32;
const rawFormat = 1n;
const patchFormat = 5n;
/** Signed, payload encrypted. */
const encryptedMode = 1;
const modesEnd = 6n;

const unsigned = (octets: Uint8Array): bigint =>
  octets.length === 0 ? 0n : BigInt(`0x${Buffer.from(octets).toString('hex')}`);

/** Numbers of 32 bits: of longer ones the upper bytes fall away, as they do when C shifts them out. */
const unsigned32 = (octets: Uint8Array): bigint => BigInt.asUintN(32, unsigned(octets));

/** The first eight bytes. */
const unsigned64 = (octets: Uint8Array): bigint => unsigned(octets.subarray(0, 8));

/** A value that must be there, with the error that its getter makes of a failed search. */
function field(root: HubElement, input: Uint8Array, id: string): Uint8Array {
  const { result, values } = findValues(root, input, [id]);
  const [value] = values;
  if (result !== 0 || !value) throw new HubRefusal('MFST_ERR_DER_FORMAT', id, 'not found');
  return value;
}

/** As `field`, by the getter that passes errors of the DER parser on. */
function untranslatedField(root: HubElement, input: Uint8Array, id: string): Uint8Array {
  const { result, values } = findValues(root, input, [id]);
  const [value] = values;
  if (result < 0) throw new HubRefusal('DER_PARSER', id, `DER error ${result}`);
  if (result > 0 || !value) throw new HubRefusal('ARM_UC_DP_ERR_NOT_FOUND', id, 'not found');
  return value;
}

function memberOf(list: Uint8Array, index: number, id: string): Uint8Array | undefined {
  const member = listMember(list, index);
  if (member && 'error' in member) throw new HubRefusal('DER_PARSER', id, `DER error ${member.error}`);
  return member;
}

const fingerprintOf = (certificate: Uint8Array | Certificate): Uint8Array =>
  certificate instanceof Uint8Array ? sha256(certificate) : Buffer.from(certificate.fingerprint, 'hex');

/**
 * Signature number `index`: over the hash field, with the certificate that the first fingerprint names.
 *
 * @returns false behind the last one – and where a block names no certificate, which the client takes for the same
 */
function signatureVerifies(
  root: HubElement,
  bytes: Uint8Array,
  index: number,
  resource: Uint8Array,
  device: FieldedDevice,
) {
  const block = memberOf(untranslatedField(root, bytes, 'signatures'), index, 'signatures');
  if (!block) return false;
  const list = untranslatedField(signatureBlock, block, 'certificates');
  const reference = memberOf(list, 0, 'certificates');
  if (!reference) return false;
  const fingerprint = untranslatedField(certificateElement, reference, 'certificate.fingerprint');
  const certificate = device.certificates.find((one) => sameBytes(fingerprintOf(one), fingerprint));
  if (!certificate) {
    const name = Buffer.from(fingerprint).toString('hex') || 'an empty fingerprint';
    throw new HubRefusal('ARM_UC_CM_ERR_NOT_FOUND', 'certificate', `the device has none for ${name}`);
  }
  const signature = field(signatureBlock, block, 'signatureValue');
  const key = certificateKey(certificate);
  if (!key) throw new HubRefusal('MFST_ERR_CERT_INVALID', 'certificate', 'cannot be read');
  // The hash field is what is verified; it has been compared with the resource before.
  if (!clientVerifies(key, resource, signature)) {
    throw new HubRefusal('MFST_ERR_INVALID_SIGNATURE', 'signature', `number ${index + 1} is wrong`);
  }
  return true;
}

/** The first 16 bytes have to fit; an id that is longer is not noticed. */
const idFits = (found: Uint8Array, own: Uint8Array): boolean => sameBytes(found.subarray(0, 16), own);

function checkIds(vendorId: Uint8Array, classId: Uint8Array, device: FieldedDevice): void {
  if (vendorId.length > 0 && !idFits(vendorId, device.vendorId)) {
    throw new HubRefusal('MFST_ERR_GUID_VENDOR', 'vendor id', 'not that of the device');
  }
  if (classId.length > 0 && !idFits(classId, device.classId)) {
    throw new HubRefusal('MFST_ERR_GUID_DEVCLASS', 'class id', 'not that of the device');
  }
  if (vendorId.length === 0) throw new HubRefusal('MFST_ERR_NULL_PTR', 'vendor id', 'there is none');
}

const schemes = ['http:', 'coaps:', 'file:'];

/** What its URI parser wants: a scheme that it knows and, except for files, a path after the host. */
function isUri(octets: Uint8Array): boolean {
  const text = Buffer.from(octets).toString('latin1');
  const scheme = schemes.find((one) => text.slice(0, text.indexOf(':') + 1).toLowerCase() === one);
  if (!scheme) return false;
  return scheme === 'file:' || text.slice(scheme.length + 2).includes('/');
}

function judge(bytes: Uint8Array, device: FieldedDevice, checks: Checks): void {
  const delta = device.build?.delta !== false;
  const root = signedResourceElement[delta ? 'delta' : 'plain'];

  if (unsigned32(field(root, bytes, 'resourceType')) !== 0n) {
    throw new HubRefusal('MFST_ERR_DER_FORMAT', 'resourceType', 'not a manifest');
  }
  untranslatedField(root, bytes, 'manifest');
  const version = unsigned32(field(root, bytes, 'manifestVersion'));
  if (version < 1n || version > 2n) throw new HubRefusal('MFST_ERR_VERSION', 'manifestVersion', `${version}`);
  const mode = unsigned32(field(root, bytes, 'encryptionMode.enum'));
  if (mode === 0n || mode >= modesEnd) throw new HubRefusal('MFST_ERR_CRYPTO_MODE', 'encryptionMode', `${mode}`);
  checks.add('basic parameters', true, `manifest version ${version}, encryption mode ${mode}`);

  const resource = untranslatedField(root, bytes, 'resource');
  if (!sameBytes(sha256(resource), untranslatedField(root, bytes, 'hash'))) {
    throw new HubRefusal('MFST_ERR_HASH', 'hash', 'not that of the resource');
  }
  checks.add('hash', true, 'that of the resource');

  if (mode !== BigInt(signedMode) && mode !== BigInt(encryptedMode)) {
    const what =
      mode === BigInt(preSharedKeyMode) || mode === 5n ? 'a build for certificates knows no keys' : 'unsigned';
    throw new HubRefusal('MFST_ERR_FORMAT', 'encryptionMode', what);
  }
  let signatures = 0;
  while (signatureVerifies(root, bytes, signatures, resource, device)) signatures++;
  if (signatures === 0) throw new HubRefusal('MFST_ERR_FORMAT', 'signature', 'none that names a certificate');
  checks.add('signature', true, `${signatures} verified`);

  checkIds(field(root, bytes, 'vendorId'), field(root, bytes, 'classId'), device);
  checks.add('ids', true, 'those of the device');
  if (delta) {
    if (version !== 1n) throw new HubRefusal('MFST_ERR_VERSION', 'manifestVersion', `${version}`);
    const format = unsigned32(field(root, bytes, 'format.enum'));
    if (format !== rawFormat && format !== patchFormat) throw new HubRefusal('MFST_ERR_FORMAT', 'format', `${format}`);
    if (format === patchFormat) {
      const wanted = ['precursorDigest', 'installedSize', 'installedDigest'];
      if (findValues(root, bytes, wanted).result !== 0) {
        throw new HubRefusal('MFST_ERR_DER_FORMAT', 'patch', `needs ${wanted.join(', ')}`);
      }
    }
  }
  const timestamp = unsigned64(field(root, bytes, 'timestamp'));
  judgePayload(bytes, device, { root, mode, timestamp, delta }, checks);
}

interface Judged {
  root: HubElement;
  mode: bigint;
  timestamp: bigint;
  delta: boolean;
}

function judgePayload(bytes: Uint8Array, device: FieldedDevice, judged: Judged, checks: Checks): void {
  const { root, mode, timestamp, delta } = judged;
  const found = findValues(root, bytes, ['encryptionMode.enum', 'payload']);
  if (found.result < 0) throw new HubRefusal('MFST_ERR_DER_FORMAT', 'payload', `DER error ${found.result}`);
  const payload = found.values[1];
  if (found.result > 0 || !payload) throw new HubRefusal('MFST_ERR_EMPTY_FIELD', 'payload', 'there is none');
  const description = payloadElement[delta ? 'delta' : 'plain'];
  const reference = ['storageIdentifier', 'reference.hash', 'reference.uri', 'reference.size'];
  const ways =
    mode === BigInt(encryptedMode)
      ? [
          ['initVector', 'id.key', 'key.cipherKey'],
          ['initVector', 'id.certificate.fingerprint', 'id.certificate.uri', 'key.cipherKey'],
          ['initVector', 'id.certificate.fingerprint', 'id.certificate.uri', 'key.keyTable'],
        ]
      : [[]];
  const searches = ways.map((way) => findValues(description, payload, ['format.enum', ...way, ...reference]));
  const values = searches.find(({ result }) => result === 0)?.values;
  if (!values) throw new HubRefusal('MFST_ERR_DER_FORMAT', 'payload', 'a field is missing');
  const [uri, size] = values.slice(-2) as [Uint8Array, Uint8Array];
  if (mode !== BigInt(encryptedMode) && unsigned32(size) === 0n) {
    throw new HubRefusal('MFST_ERR_FIRMWARE_SIZE', 'payload size', '0');
  }
  checks.add('payload', true, `${unsigned32(size)} bytes`);

  const format = unsigned32(values[0] as Uint8Array);
  if (format !== rawFormat && !(delta && format === patchFormat)) {
    throw new HubRefusal('MFST_ERR_FORMAT', 'format', `${format}`);
  }
  const running = device.components?.[mainComponent];
  if (!running) checks.add('timestamp', true, 'not judged: what the device runs is not known');
  else if (timestamp <= running.version) {
    throw new HubRefusal('HUB_ERR_ROLLBACK_PROTECTION', 'timestamp', `${timestamp} is not above ${running.version}`);
  } else {
    checks.add('timestamp', true, `${timestamp} is above ${running.version}`);
    const precursor = format === patchFormat ? field(root, bytes, 'precursorDigest') : undefined;
    if (precursor && !sameBytes(precursor, running.digest ?? new Uint8Array(digestSize))) {
      throw new HubRefusal('HUB_ERR_PRECURSOR_MISMATCH', 'precursor', 'the patch is for another image');
    }
  }
  if (!isUri(uri)) throw new HubRefusal('SOMA_ERR_INVALID_URI', 'uri', `"${Buffer.from(uri).toString('latin1')}"`);
  checks.add('uri', true, 'usable');
}

/**
 * The verdict of the old client (update-client-hub), built for certificates: basic parameters, hash, every signature,
 * ids, payload, then whether it is newer than what runs. Device id, periods, aliases, dependencies, and the dates of
 * certificates do not matter to it. `status` is the result that it reports to the service.
 */
export function judgeAsHub(bytes: Uint8Array, device: FieldedDevice): Verdict {
  const checks = new Checks();
  try {
    judge(bytes, device, checks);
    return { ok: true, status: 0, checks: checks.list };
  } catch (error) {
    if (!(error instanceof HubRefusal)) throw error;
    checks.add(error.field, false, error.message);
    return { ok: false, code: error.code, status: hubResults[error.code], checks: checks.list };
  }
}
