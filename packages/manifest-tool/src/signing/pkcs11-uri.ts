import { signingErrors } from './errors.ts';

/** What is needed of a PKCS#11 URI (RFC 7512): which key of which token, through which module. */
export interface Pkcs11Uri {
  /** Path of the shared library that came with the token. */
  readonly module: string;
  /** CKA_LABEL of the token. */
  readonly token?: string;
  readonly slot?: string;
  /** CKA_LABEL of the key pair. */
  readonly object?: string;
  /** CKA_ID of the key pair, lower-case hex. */
  readonly id?: string;
  /** The file whose first line is the PIN. */
  readonly pinFile?: string;
}

const example =
  'pkcs11:token=release;object=update?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/etc/release/pin';

function malformed(problem: string): never {
  throw signingErrors('signing.signer.malformed', {
    message: `The pkcs11: URI of the signer cannot be used: ${problem}.`,
    next: `It looks like this: '${example}' (in quotes, since a shell would take it apart).`,
  });
}

/** RFC 7512 §2.3: text, or bytes for `id`, with percent-encoding. */
function decoded(value: string, name: string): Buffer {
  if (/%(?![0-9a-fA-F]{2})/.test(value)) malformed(`${name} has a "%" that is not followed by two digits`);
  return Buffer.concat(
    (value.match(/%[0-9a-fA-F]{2}|[^%]+/g) ?? []).map((part) =>
      part.startsWith('%') ? Buffer.from(part.slice(1), 'hex') : Buffer.from(part, 'utf8'),
    ),
  );
}

function attributes(text: string, separator: string, known: readonly string[]): Map<string, Buffer> {
  const found = new Map<string, Buffer>();
  for (const part of text.split(separator)) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = part.slice(0, equals);
    if (equals < 1) malformed('an attribute is not of the form name=value');
    if (name === 'pin-value') {
      malformed('pin-value would show the PIN to every user of the machine; pin-source names a file that holds it');
    }
    // §2.3: what is not understood must not be passed over, it could name another key.
    if (!known.includes(name)) malformed(`the attribute ${name} is not supported`);
    if (found.has(name)) malformed(`${name} is given twice`);
    const value = decoded(part.slice(equals + 1), name);
    if (value.length === 0 || value.includes(0)) malformed(`${name} is empty or holds a zero byte`);
    found.set(name, value);
  }
  return found;
}

/** `file:` and an absolute path, with or without the slashes of an authority. */
function pinFileOf(source: string): string {
  const path = source.replace(/^file:/, '').replace(/^\/\/(localhost)?(?=\/)/, '');
  if (!path.startsWith('/')) malformed('pin-source has to be file: and an absolute path');
  return path;
}

/** @throws MooringError `signing.signer.malformed` */
export function parsePkcs11Uri(uri: string): Pkcs11Uri {
  const [path = '', ...query] = uri.replace(/^pkcs11:/, '').split('?');
  const where = attributes(path, ';', ['token', 'slot-id', 'object', 'id', 'type']);
  const how = attributes(query.join('?'), '&', ['module-path', 'pin-source']);
  const text = (name: string) => (where.get(name) ?? how.get(name))?.toString('utf8');
  const [module, token, slot, object, pinSource] = ['module-path', 'token', 'slot-id', 'object', 'pin-source'].map(
    text,
  );
  if (!module?.startsWith('/')) malformed('module-path, the absolute path of the library of the token, is missing');
  if (slot !== undefined && !/^\d{1,10}$/.test(slot)) malformed('slot-id has to be a number');
  if (token === undefined && slot === undefined) malformed('token, the label of the token, is missing');
  if (object === undefined && !where.has('id')) malformed('object, the label of the key pair, is missing');
  return {
    module,
    ...(token === undefined ? {} : { token }),
    ...(slot === undefined ? {} : { slot }),
    ...(object === undefined ? {} : { object }),
    ...(where.has('id') ? { id: where.get('id')?.toString('hex') as string } : {}),
    ...(pinSource === undefined ? {} : { pinFile: pinFileOf(pinSource) }),
  };
}
