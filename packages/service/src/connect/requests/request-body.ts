import { contentFormat } from '../media-types.ts';
import { Refusal } from '../refusal.ts';
import type { Request } from './device-requests.ts';

const methods: ReadonlySet<string> = new Set(['GET', 'PUT', 'POST', 'DELETE']);

/** The contract names no bound; this one keeps messages small. */
const longestAsyncId = 256;
const longestUri = 255;

function malformed(why: string): Refusal {
  return new Refusal(400, 'MALFORMED_JSON_CONTENT', why);
}

function text(body: Readonly<Record<string, unknown>>, field: string): string | undefined {
  const value = body[field];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw malformed(`${field} has to be a text.`);
  return value;
}

function format(body: Readonly<Record<string, unknown>>, field: string): number | undefined {
  const type = text(body, field);
  if (type === undefined || type === '' || type === '*/*') return undefined;
  const number = contentFormat(type);
  if (number === undefined)
    throw new Refusal(400, 'UNSUPPORTED_MEDIA_TYPE', `${field}: CoAP has no number for ${type}.`);
  return number;
}

function count(query: Readonly<Record<string, unknown>>, name: string, most: number): number | undefined {
  const value = query[name];
  if (value === undefined || value === '') return undefined;
  const number = Number(value);
  if (!Number.isInteger(number) || number < 0 || number > most) {
    throw new Refusal(400, 'MALFORMED_JSON_CONTENT', `${name} has to be a whole number up to ${most}.`);
  }
  return number;
}

/** Path of a resource as the device has it: `/3/0/13`. */
export function resourcePath(text: string): string {
  const path = text.replace(/^\/*/, '/').replace(/\/+$/, '');
  if (path === '' || path.length > longestUri) throw new Refusal(404, 'RESOURCE_NOT_FOUND');
  return path;
}

/**
 * A `DeviceRequest` with what its query adds.
 *
 * @throws Refusal 400
 */
export function readDeviceRequest(
  body: Readonly<Record<string, unknown>>,
  query: Readonly<Record<string, unknown>>,
): Request {
  const asyncId = query['async-id'];
  if (typeof asyncId !== 'string' || asyncId === '' || asyncId.length > longestAsyncId) {
    throw new Refusal(400, 'MALFORMED_ASYNC_ID', `async-id has to be 1 to ${longestAsyncId} characters.`);
  }
  const method = text(body, 'method')?.toUpperCase();
  if (method === undefined || !methods.has(method)) throw malformed('method has to be GET, PUT, POST or DELETE.');
  const uri = text(body, 'uri');
  if (uri === undefined || uri === '' || uri.length > longestUri) {
    throw malformed(`uri has to be a path of at most ${longestUri} characters.`);
  }
  const payload = text(body, 'payload-b64') ?? '';
  if (!/^[A-Za-z0-9+/\-_\s]*={0,2}\s*$/.test(payload)) throw malformed('payload-b64 is not Base64.');
  const accept = format(body, 'accept');
  const type = format(body, 'content-type');
  const retries = count(query, 'retry', 9);
  const expirySeconds = count(query, 'expiry-seconds', 365 * 24 * 60 * 60);
  return {
    asyncId,
    method: method as Request['method'],
    uri: uri.startsWith('/') ? uri : `/${uri}`,
    ...(accept === undefined ? {} : { accept }),
    ...(type === undefined ? {} : { contentFormat: type }),
    payload: Buffer.from(payload, 'base64'),
    ...(retries === undefined ? {} : { retries }),
    ...(expirySeconds === undefined ? {} : { expirySeconds }),
  };
}
