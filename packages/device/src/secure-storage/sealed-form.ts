import { storageErrors } from './storage-errors.ts';

/** The sealed key of the providers besides the file: JSON, one object of texts. */
export function encodeSealed(fields: Readonly<Record<string, string>>): Uint8Array {
  return Buffer.from(JSON.stringify(fields), 'utf8');
}

/** @throws MooringError `storage.key.malformed` */
export function decodeSealed<const Name extends string>(
  sealed: Uint8Array,
  names: readonly Name[],
): Record<Name, string> {
  try {
    const found = JSON.parse(Buffer.from(sealed).toString('utf8')) as Record<string, unknown> | null;
    const fields = names.map((name): [Name, unknown] => [name, found?.[name]]);
    if (fields.every(([, value]) => typeof value === 'string')) {
      return Object.fromEntries(fields) as Record<Name, string>;
    }
  } catch {
    // Said below.
  }
  throw storageErrors('storage.key.malformed', {
    message: 'The sealed key in the header of the secure storage is not whole.',
    next: 'Put the latest copy of the storage back, or move its folder away and provision the device again.',
  });
}
