import { storageErrors } from '../storage-errors.ts';

/** What is needed of a PKCS#11 URI (RFC 7512): which RSA key pair of which token, through which module. */
export interface Pkcs11Uri {
  /** Path of the module's shared library. */
  readonly module: string;
  readonly token: string;
  /** Label of the key pair (CKA_LABEL). */
  readonly object?: string;
  /** CKA_ID in lower-case hexadecimal. */
  readonly id?: string;
  /** File that holds the PIN. */
  readonly pinFile?: string;
}

const example =
  'pkcs11:token=device;object=storage?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/etc/mooring/pin';

function malformed(problem: string): never {
  throw storageErrors('storage.key.setting', {
    message: `The pkcs11: URI of the storage key cannot be used: ${problem}.`,
    next: `It looks like this: ${example}`,
  });
}

/** §2.3: percent-encoding of bytes. */
function decode(value: string, attribute: string): Buffer {
  if (/%(?![0-9a-fA-F]{2})/.test(value)) malformed(`${attribute} has a "%" that is not followed by two digits`);
  const pieces = Buffer.from(value, 'utf8').toString('latin1').split(/(%..)/s);
  return Buffer.concat(
    pieces.map((piece) => (piece.startsWith('%') ? Buffer.from(piece.slice(1), 'hex') : Buffer.from(piece, 'latin1'))),
  );
}

/** §2.3: an attribute that is not understood must not be passed over; it could name another key. */
function attributes(text: string, separator: string, known: readonly string[]): Map<string, Buffer> {
  const found = new Map<string, Buffer>();
  for (const part of text.split(separator)) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    if (equals < 1) malformed('an attribute is not of the form name=value');
    const name = part.slice(0, equals);
    if (!known.includes(name)) malformed(`${name} is not supported`);
    if (found.has(name)) malformed(`${name} is given twice`);
    found.set(name, decode(part.slice(equals + 1), name));
  }
  return found;
}

function pinFileOf(source: string): string {
  const path = source.replace(/^file:(\/\/(localhost)?(?=\/))?/, '');
  if (!path.startsWith('/')) malformed('pin-source has to be file: and an absolute path');
  return path;
}

/** @throws MooringError `storage.key.setting` */
export function parsePkcs11Uri(uri: string): Pkcs11Uri {
  const [path = '', ...rest] = uri.replace(/^pkcs11:/, '').split('?');
  if (/[?&]pin-value=/.test(uri)) {
    malformed('pin-value would show the PIN to every user; put it in a file and name that with pin-source');
  }
  const where = attributes(path, ';', ['token', 'object', 'id', 'type']);
  const how = attributes(rest.join('?'), '&', ['module-path', 'pin-source']);
  const module = how.get('module-path')?.toString('utf8');
  if (!module?.startsWith('/')) malformed('module-path, the absolute path of the module of the token, is missing');
  const token = where.get('token')?.toString('utf8');
  if (!token) malformed('token, the label of the token, is missing');
  const [object, id] = [where.get('object')?.toString('utf8'), where.get('id')?.toString('hex')];
  if (!object && !id) malformed('object, the label of the key pair, is missing');
  const pin = how.get('pin-source')?.toString('utf8');
  return {
    module,
    token,
    ...(object && { object }),
    ...(id && { id }),
    ...(pin !== undefined && { pinFile: pinFileOf(pin) }),
  };
}
