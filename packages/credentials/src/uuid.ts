import { createHash } from 'node:crypto';
import { credentialErrors } from './errors.ts';

/** Namespace of host names (RFC 9562 §6.6). */
const dnsNamespace = parseUuid('6ba7b810-9dad-11d1-80b4-00c04fd430c8');

/** UUID version 5 (RFC 9562 §5.5), whose hash is SHA-1 by definition: it names, it does not protect. */
function nameBased(namespace: Uint8Array, name: string): Uint8Array {
  const id = new Uint8Array(createHash('sha1').update(namespace).update(name, 'utf8').digest().subarray(0, 16));
  id[6] = ((id[6] as number) & 0x0f) | 0x50;
  id[8] = ((id[8] as number) & 0x3f) | 0x80;
  return id;
}

/** The vendor id of a domain, as typed: no lower-casing, no IDNA (manifest-tool 1.4.8). */
export const vendorIdOf = (domain: string): Uint8Array => nameBased(dnsNamespace, domain);

/** The class id of a model name, as typed; the vendor id is the namespace (manifest-tool 1.4.8). */
export const classIdOf = (vendorId: Uint8Array, model: string): Uint8Array => nameBased(vendorId, model);

/** Lower case with dashes. */
export function formatUuid(id: Uint8Array): string {
  const hex = Buffer.from(id).toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/**
 * Reads what Python's `uuid.UUID` takes: 32 hexadecimal digits in any case, dashes anywhere, `{…}`, `urn:uuid:…`.
 *
 * @throws MooringError `credentials.uuid.malformed`
 */
export function parseUuid(text: string): Uint8Array {
  const digits = text
    .replaceAll('urn:', '')
    .replaceAll('uuid:', '')
    .replace(/^[{}]+|[{}]+$/g, '')
    .replaceAll('-', '');
  if (/^[0-9A-Fa-f]{32}$/.test(digits)) return new Uint8Array(Buffer.from(digits, 'hex'));
  throw credentialErrors('credentials.uuid.malformed', {
    message: `"${text.slice(0, 60)}" is not a UUID: 32 hexadecimal digits, with or without dashes.`,
    next: 'Give it as 82458cc8-9f7a-5daf-b43a-dc4fc7af3626.',
  });
}
