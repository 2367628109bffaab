import { masterKeyErrors } from '../errors.ts';

/** What we need of a PKCS#11 URI (RFC 7512): which key of which token, through which module. */
export interface Pkcs11Uri {
  /** Path of the module's shared library. */
  readonly module: string;
  readonly token?: string;
  readonly slot?: number;
  /** Label of the key pair (CKA_LABEL). */
  readonly object?: string;
  /** CKA_ID in lower-case hexadecimal. */
  readonly id?: string;
  /** File that holds the PIN. */
  readonly pinFile?: string;
}

const example =
  'pkcs11:token=mooring;object=master?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/etc/mooring/pin';

function malformed(problem: string): never {
  throw masterKeyErrors('master.key.uri.malformed', {
    message: `The pkcs11: URI of the master key cannot be used: ${problem}.`,
    next: `It looks like this: ${example}`,
  });
}

/** RFC 7512 §2.3: percent-encoding, of bytes in `id`. */
function decode(value: string, attribute: string): Buffer {
  if (/%(?![0-9a-fA-F]{2})/.test(value)) malformed(`${attribute} has a "%" that is not followed by two digits`);
  const bytes = Buffer.from(value, 'utf8');
  const decoded: number[] = [];
  for (let index = 0; index < bytes.length; index++) {
    if (bytes[index] === 0x25) {
      decoded.push(Number.parseInt(bytes.toString('latin1', index + 1, index + 3), 16));
      index += 2;
    } else decoded.push(bytes[index] as number);
  }
  return Buffer.from(decoded);
}

function attributes(text: string, separator: string): Map<string, Buffer> {
  const found = new Map<string, Buffer>();
  for (const part of text.split(separator)) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    if (equals < 1) malformed(`"${part.slice(0, 40)}" is not of the form name=value`);
    const name = part.slice(0, equals);
    if (found.has(name)) malformed(`${name} is given twice`);
    found.set(name, decode(part.slice(equals + 1), name));
  }
  return found;
}

function pinFileOf(source: string): string {
  const path = source.startsWith('file:')
    ? source.slice('file:'.length).replace(/^\/\/(localhost)?(?=\/)/, '')
    : source;
  if (!path.startsWith('/')) malformed('pin-source has to be file: and an absolute path');
  return path;
}

/** @throws MooringError `master.key.uri.malformed` */
export function parsePkcs11Uri(uri: string): Pkcs11Uri {
  if (!uri.startsWith('pkcs11:')) malformed('it does not begin with "pkcs11:"');
  const [path = '', ...rest] = uri.slice('pkcs11:'.length).split('?');
  const where = attributes(path, ';');
  const how = attributes(rest.join('?'), '&');
  for (const name of where.keys()) {
    // §2.3: an attribute that is not understood must not be passed over; it would name another key.
    if (!['token', 'slot-id', 'object', 'id', 'type'].includes(name)) malformed(`${name} is not supported`);
  }
  if (how.has('pin-value'))
    malformed(
      'pin-value would show the PIN to every user of the machine; put it in a file and name that with pin-source',
    );
  for (const name of how.keys()) {
    if (!['module-path', 'pin-source'].includes(name)) malformed(`${name} is not supported`);
  }
  const text = (name: string) => where.get(name)?.toString('utf8');
  const module = how.get('module-path')?.toString('utf8');
  if (!module?.startsWith('/')) malformed('module-path, the absolute path of the module of the token, is missing');
  const slot = text('slot-id');
  if (slot !== undefined && !/^\d{1,10}$/.test(slot)) malformed('slot-id has to be a number');
  if (!where.has('token') && slot === undefined) malformed('token, the label of the token, is missing');
  if (!where.has('object') && !where.has('id')) malformed('object, the label of the key pair, is missing');
  const token = text('token');
  const object = text('object');
  const id = where.get('id')?.toString('hex');
  const pinSource = how.get('pin-source')?.toString('utf8');
  return {
    module,
    ...(token === undefined ? {} : { token }),
    ...(slot === undefined ? {} : { slot: Number(slot) }),
    ...(object === undefined ? {} : { object }),
    ...(id === undefined ? {} : { id }),
    ...(pinSource === undefined ? {} : { pinFile: pinFileOf(pinSource) }),
  };
}
