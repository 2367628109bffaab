import { createHash } from 'node:crypto';
import {
  type DecodedManifest,
  decodeManifest,
  payloadFormatNameV3,
  verifies,
  verifiesDigest,
  verifiesRaw,
} from '@mooring/manifest';
import { isMooringError } from '@mooring/platform';
import type { CommandContext, Values } from '@mooring/terminal';
import { openArgument } from '../argument-file.ts';
import type { Log2x } from '../logging-2x.ts';
import { dumpOf, plainOf, treeOf } from './dump.ts';
import { configErrors } from './errors.ts';
import { type VerificationKey, verificationKey } from './verification-key.ts';

const malformed = (next: string, cause?: unknown): Error =>
  configErrors('manifest.unreadable', { message: 'Malformed manifest', next, cause });

const unverified = (message: string, next: string): Error => configErrors('manifest.unverified', { message, next });

/** The service puts the key of an encrypted payload behind the manifest: tag 81, 16 bytes. */
const isAppendedKey = (rest: Uint8Array): boolean => rest.length === 18 && rest[0] === 0x81 && rest[1] === 16;

function decode(data: Uint8Array, like: boolean): DecodedManifest {
  let decoded: DecodedManifest;
  try {
    decoded = decodeManifest(data, { reading: 'tool' });
  } catch (cause) {
    if (!isMooringError(cause)) throw cause;
    throw malformed(cause.message, cause);
  }
  if (like) return decoded;
  const { rest } = decoded;
  if (rest.length > 0 && !(decoded.schema === 'v3' && isAppendedKey(rest))) {
    throw malformed(`It ends at byte ${data.length - rest.length}, but ${rest.length} more bytes follow.`);
  }
  if (decoded.schema === 'v1') return decoded;
  const { manifestVersion, manifest } = decoded.value;
  if (manifestVersion !== 3) throw malformed(`Its manifest-version is ${manifestVersion}; there is only 3.`);
  if (payloadFormatNameV3(manifest.payloadFormat)) return decoded;
  throw malformed(`Its payload-format is ${manifest.payloadFormat}, which no client knows.`);
}

const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());
const equal = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** One signature has to be that of the key; with a certificate it also has to name that one, or no device finds it. */
function checkV1(
  { value, resourceTlv }: DecodedManifest & { schema: 'v1' },
  key: VerificationKey,
  like: boolean,
): void {
  const failed = 'Manifest Signature verification failed';
  const { hash, signatures } = value.signature;
  if (!like && !equal(hash, sha256(resourceTlv))) {
    throw unverified(
      failed,
      'Its hash field is not the hash of its content; clients of the 1.x generation check that one.',
    );
  }
  const good = signatures.filter(({ signature }) => verifies(key.publicKey, resourceTlv, signature));
  if (good.length === 0) throw unverified(failed, 'It was not signed with this key, or was changed afterwards.');
  const { fingerprint } = key;
  if (like || !fingerprint) return;
  const names = good.some(({ certificates }) => certificates.some((named) => equal(named.fingerprint, fingerprint)));
  if (!names) {
    throw unverified(
      failed,
      'It was signed with the key of this certificate, but names another one: devices look for that.',
    );
  }
}

/** With an encrypted payload the image signature is over what is installed; 2.6.2 compared what is downloaded. */
function checkV3({ value, manifestTlv }: DecodedManifest & { schema: 'v3' }, key: VerificationKey, log: Log2x): void {
  const { manifest, signature } = value;
  if (!verifiesRaw(key.publicKey, manifestTlv, signature)) {
    throw unverified(
      'Manifest Signature verification failed',
      'It was not signed with this key, or was changed afterwards.',
    );
  }
  log.info('Manifest Signature verified!');
  const { installedSignature, payloadMetadata, payloadDigest, payloadFormat } = manifest;
  if (installedSignature.length === 0) return;
  const isRaw = payloadFormatNameV3(payloadFormat) === 'raw-binary' || !payloadMetadata;
  const digest = isRaw ? payloadDigest : payloadMetadata.installedDigest;
  if (!verifiesDigest(key.publicKey, digest, installedSignature)) {
    throw unverified('Image Signature verification failed', 'The boot loader would refuse the installed image.');
  }
  log.info('Image Signature verified!');
}

/** @throws MooringError `manifest.unreadable`, `manifest.unverified` and those of the key */
export async function parse(context: CommandContext, values: Values, log: Log2x): Promise<unknown> {
  const like = values.accept_like !== undefined;
  const { data } = await openArgument(context, 'manifest-tool parse', 'manifest', values.manifest as string);
  const key = await verificationKey(context, values);
  const decoded = decode(data, like);
  if (key && decoded.schema === 'v1') {
    checkV1(decoded, key, like);
    log.info('Manifest Signature verified!');
  } else if (key && decoded.schema === 'v3') checkV3(decoded, key, log);
  log.info(`\n----- Manifest dump start -----\n${dumpOf(decoded)}----- Manifest dump end -----`);
  return { schema: decoded.schema, verified: key ? true : null, ...(plainOf(treeOf(decoded)) as object) };
}
