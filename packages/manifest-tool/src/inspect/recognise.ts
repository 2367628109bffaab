import { createPublicKey, type KeyObject } from 'node:crypto';
import { parseCSource } from '@mooring/credentials';
import { decodeManifest, looksLikeDelta, looksLikeTar, sniff } from '@mooring/manifest';
import { type Certificate, importPrivateKey, parseCertificates, pemBlocks } from '@mooring/pki';
import { isMooringError } from '@mooring/platform';
import { metadataOf } from '../schema-3/delta-metadata.ts';
import type { Item, Source } from './item.ts';
import { certificateItem } from './kinds/certificate.ts';
import { deltaItem, deltaMetadataItem } from './kinds/delta.ts';
import { developerCredentialsItem } from './kinds/developer-credentials.ts';
import { imageItem } from './kinds/image.ts';
import { privateKeyItem, protectedKeyItem, publicKeyItem } from './kinds/key.ts';
import { manifestItem } from './kinds/manifest.ts';
import { packageItem } from './kinds/package.ts';
import { updateResourcesItem } from './kinds/update-resources.ts';

/** The value, or undefined where it cannot be read. */
function tried<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isMooringError(error)) return undefined;
    throw error;
  }
}

/** A file that shows what it is, and is not whole. */
function damaged(source: Source, title: string, error: unknown): Item {
  if (!isMooringError(error)) throw error;
  const text = error.message.replace(/\.$/, '');
  return {
    file: source.file,
    kind: 'damaged',
    title: `${title}, DAMAGED`,
    facts: [],
    details: {},
    findings: [{ weight: 'problem', code: 'file.damaged', files: [source.file], text }],
  };
}

function privateKey(source: Source): Item | undefined {
  try {
    return privateKeyItem(source, importPrivateKey(source.head));
  } catch (error) {
    if (!isMooringError(error)) throw error;
    return error.code === 'pki.key.encrypted' ? protectedKeyItem(source) : undefined;
  }
}

/** SubjectPublicKeyInfo of P-256 up to the point. */
const spkiHead = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex');

function publicKey(bytes: Uint8Array): KeyObject | undefined {
  const der = bytes.length === 65 && bytes[0] === 4 ? Buffer.concat([spkiHead, bytes]) : Buffer.from(bytes);
  try {
    return createPublicKey({ key: der, format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
}

/** Larger than any manifest: whatever it begins with, it is something else. */
const largestManifest = 256 * 1024;

function fromDer(source: Source, bytes: Uint8Array, form: string, now: Date): Item | undefined {
  const schema = sniff(bytes);
  if (schema !== undefined && bytes.length <= largestManifest) {
    const decoded = tried(() => decodeManifest(bytes, { reading: 'tool' }));
    if (decoded) return manifestItem(source.file, form, bytes, decoded, now);
  }
  const isPem = bytes[0] === 0x2d;
  const certificates = isPem ? undefined : tried((): Certificate[] => parseCertificates(bytes));
  if (certificates) return certificateItem(source.file, certificates, now);
  const key = form === 'DER' && !isPem ? privateKey(source) : undefined;
  if (key) return key;
  const open = publicKey(bytes);
  if (open) return publicKeyItem(source, open);
  if (schema === undefined || bytes.length > largestManifest) return undefined;
  try {
    decodeManifest(bytes, { reading: 'tool' });
    return undefined;
  } catch (error) {
    // Both begin alike; the version of a certificate is [0], which no manifest has.
    const isCertificate = schema === 'v1' && Buffer.from(bytes.subarray(0, 12)).includes(Buffer.from([0xa0, 3, 2, 1]));
    if (!isCertificate) return damaged(source, `update manifest of schema ${schema}`, error);
    return damaged(
      source,
      'certificate',
      failureOf(() => parseCertificates(bytes)),
    );
  }
}

function failureOf(work: () => unknown): unknown {
  try {
    work();
    return undefined;
  } catch (error) {
    return error;
  }
}

function fromPem(source: Source, text: string, now: Date): Item {
  const labels = (tried(() => pemBlocks(text)) ?? []).map(({ label }) => label);
  if (labels.some((label) => /PRIVATE KEY$/.test(label))) {
    return (
      privateKey(source) ??
      damaged(
        source,
        'private key',
        failureOf(() => importPrivateKey(source.head)),
      )
    );
  }
  const block = labels.includes('PUBLIC KEY') ? pemBlocks(text).find(({ label }) => label === 'PUBLIC KEY') : undefined;
  const key = block && publicKey(block.der);
  if (key) return publicKeyItem(source, key);
  try {
    return certificateItem(source.file, parseCertificates(text), now);
  } catch (error) {
    return damaged(source, 'PEM text', error);
  }
}

function fromC(source: Source, text: string, now: Date): Item | undefined {
  const isOurs = /\barm_uc_\w+\s*\[|\bMBED_CLOUD_DEV_[A-Z_]+\s*\[|\buint8_t\s+manifest\s*\[/.test(text);
  if (!isOurs) return undefined;
  if (/\bMBED_CLOUD_DEV_[A-Z_]+\s*\[/.test(text)) return developerCredentialsItem(source, text, now);
  try {
    const variables = parseCSource(text, source.file);
    const manifest = variables.find(({ name }) => name === 'manifest')?.value;
    if (manifest) return fromBytes(source, manifest, 'C array', now);
    return updateResourcesItem(source.file, text, variables, now);
  } catch (error) {
    return damaged(source, 'C file', error);
  }
}

/** Bytes that were written as text: DER, or, as `create -x -C` has it, once more hex. */
function fromBytes(source: Source, bytes: Uint8Array, form: string, now: Date): Item | undefined {
  const inner = hexBytes(Buffer.from(bytes).toString('latin1'));
  return fromDer(source, inner ?? bytes, inner ? `${form} of hex` : form, now);
}

function hexBytes(text: string): Uint8Array | undefined {
  const digits = text.replaceAll(/\s/g, '');
  if (digits.length < 8 || digits.length % 2 === 1 || !/^30[0-9a-fA-F]+$/.test(digits)) return undefined;
  return new Uint8Array(Buffer.from(digits, 'hex'));
}

function asText(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function fromText(source: Source, text: string, now: Date): Item | undefined {
  if (text.includes('-----BEGIN ')) return fromPem(source, text, now);
  const bytes = hexBytes(text);
  if (bytes) return fromDer(source, bytes, 'hex', now);
  if (/^installed-(?:digest|size):/m.test(text)) {
    const metadata = tried(() => metadataOf({ file: source.file, data: source.head }));
    if (metadata) return deltaMetadataItem(source, metadata);
  }
  return fromC(source, text, now);
}

/** What a file is, by what is in it and never by its name. */
export async function recognise(source: Source, now: Date): Promise<Item> {
  const { head, size } = source;
  if (looksLikeDelta(head)) {
    try {
      return deltaItem(source);
    } catch (error) {
      return damaged(source, 'delta', error);
    }
  }
  if (looksLikeTar(head)) return await packageItem(source);
  if (head.length < size || size === 0) return imageItem(source);
  const text = asText(head);
  const found = fromDer(source, head, 'DER', now) ?? (text === undefined ? undefined : fromText(source, text, now));
  return found ?? imageItem(source, text !== undefined);
}
