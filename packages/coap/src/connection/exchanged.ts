import { type Code, type Method, methodOf, methods } from '../message/codes.ts';
import { type Message, noBytes, noOptions, type Option } from '../message/message.ts';
import { optionNumbers } from '../message/option-registry.ts';
import { findUint, textOption, textValue, uintOption, uintValue } from '../message/option-values.ts';

/** A whole request, however many blocks carry it. */
export interface Request {
  readonly method: Method;
  /** Segments, not escaped: `['rd', 'a/b']`. */
  readonly path?: readonly string[] | undefined;
  /** Items, not escaped: `['ep=x', 'lt=60']`. */
  readonly query?: readonly string[] | undefined;
  readonly contentFormat?: number | undefined;
  readonly accept?: number | undefined;
  /** 0 registers, 1 cancels (RFC 7641 §2). To observe, use `CoapConnection.observe`. */
  readonly observe?: number | undefined;
  readonly payload?: Uint8Array | undefined;
  /** All others, such as ETag, If-Match, Proxy-Uri; block-wise options are the connection's. */
  readonly options?: readonly Option[] | undefined;
}

/** A request that came in. The payload may be a view of a larger buffer: copy what is kept for long. */
export interface IncomingRequest extends Request {
  readonly path: readonly string[];
  readonly query: readonly string[];
  readonly payload: Uint8Array;
  readonly options: readonly Option[];
  readonly token: Uint8Array;
}

/** A large answer that is read piece by piece, while the peer asks for its blocks. */
export interface Body {
  /** Bytes in all. */
  readonly size: number;
  /** As many bytes as asked for; never asked beyond `size`. */
  read(offset: number, length: number): Uint8Array | Promise<Uint8Array>;
  /** Nobody will read any more. */
  close?(): void;
}

interface ResponseHead {
  readonly code: Code;
  readonly contentFormat?: number | undefined;
  /** Seconds. */
  readonly maxAge?: number | undefined;
  readonly observe?: number | undefined;
  readonly locationPath?: readonly string[] | undefined;
  /** All others, such as ETag and Location-Query. */
  readonly options?: readonly Option[] | undefined;
}

/** A whole response that came in. */
export interface Response extends ResponseHead {
  readonly options: readonly Option[];
  readonly payload: Uint8Array;
  /** The payload is the first block of more: of a notification that nobody here asked for, or where one block was wanted. */
  readonly incomplete: boolean;
}

/** A response to be sent; cut into blocks where it has to be. */
export interface Answer extends ResponseHead {
  readonly payload?: Uint8Array | Body | undefined;
}

/** Those that have a field of their own, or are the connection's. */
const ownOptions = new Set<number>([
  optionNumbers.uriPath,
  optionNumbers.uriQuery,
  optionNumbers.contentFormat,
  optionNumbers.accept,
  optionNumbers.observe,
  optionNumbers.locationPath,
  optionNumbers.maxAge,
  optionNumbers.block1,
  optionNumbers.block2,
  optionNumbers.size1,
  optionNumbers.size2,
  optionNumbers.requestTag,
]);

const empty: readonly never[] = [];

function texts(options: readonly Option[], number: number): readonly string[] | undefined {
  let found: string[] | undefined;
  for (const option of options) {
    if (option.number !== number) continue;
    const text = textValue(option.value);
    if (text === undefined) return undefined;
    (found ??= []).push(text);
  }
  return found ?? empty;
}

const others = (options: readonly Option[], own: (number: number) => boolean): readonly Option[] => {
  const kept = options.filter(({ number }) => !own(number));
  return kept.length === 0 ? noOptions : kept;
};

const ofRequest = (number: number) =>
  ownOptions.has(number) && number !== optionNumbers.maxAge && number !== optionNumbers.locationPath;
const ofResponse = (number: number) =>
  ownOptions.has(number) && number !== optionNumbers.uriPath && number !== optionNumbers.uriQuery;

/** Options of a request, in order, without the block-wise ones. */
export function requestOptions(request: Request): Option[] {
  const options: Option[] = [];
  for (const segment of request.path ?? empty) options.push(textOption(optionNumbers.uriPath, segment));
  for (const item of request.query ?? empty) options.push(textOption(optionNumbers.uriQuery, item));
  if (request.contentFormat !== undefined) options.push(uintOption(optionNumbers.contentFormat, request.contentFormat));
  if (request.accept !== undefined) options.push(uintOption(optionNumbers.accept, request.accept));
  if (request.observe !== undefined) options.push(uintOption(optionNumbers.observe, request.observe));
  if (request.options !== undefined) options.push(...request.options);
  return options.sort((a, b) => a.number - b.number);
}

export const requestCode = (request: Request): Code => methods[request.method];

/** Undefined where the method is unknown; a string says what is wrong. */
export function readRequest(message: Message, payload: Uint8Array): IncomingRequest | string | undefined {
  const method = methodOf(message.code);
  if (method === undefined) return undefined;
  const { options } = message;
  const path = texts(options, optionNumbers.uriPath);
  if (path === undefined) return 'Uri-Path is not UTF-8';
  const query = texts(options, optionNumbers.uriQuery);
  if (query === undefined) return 'Uri-Query is not UTF-8';
  return {
    method,
    path,
    query,
    contentFormat: findUint(options, optionNumbers.contentFormat),
    accept: findUint(options, optionNumbers.accept),
    observe: findUint(options, optionNumbers.observe),
    payload,
    options: others(options, ofRequest),
    token: new Uint8Array(message.token),
  };
}

/** Options of an answer, in order, without the block-wise ones. */
export function answerOptions(answer: Answer): Option[] {
  const options: Option[] = [];
  if (answer.observe !== undefined) options.push(uintOption(optionNumbers.observe, answer.observe));
  for (const segment of answer.locationPath ?? empty) options.push(textOption(optionNumbers.locationPath, segment));
  if (answer.contentFormat !== undefined) options.push(uintOption(optionNumbers.contentFormat, answer.contentFormat));
  if (answer.maxAge !== undefined) options.push(uintOption(optionNumbers.maxAge, answer.maxAge));
  if (answer.options !== undefined && answer.options.length > 0) {
    options.push(...answer.options);
    options.sort((a, b) => a.number - b.number);
  }
  return options;
}

/** Location-Path segments that are not UTF-8 are left out with the whole path: it is of no use then. */
export function readResponse(message: Message, payload: Uint8Array, incomplete = false): Response {
  const { options } = message;
  const locationPath = texts(options, optionNumbers.locationPath);
  let contentFormat: number | undefined;
  let maxAge: number | undefined;
  let observe: number | undefined;
  for (const { number, value } of options) {
    if (number === optionNumbers.contentFormat) contentFormat = uintValue(value);
    else if (number === optionNumbers.maxAge) maxAge = uintValue(value);
    else if (number === optionNumbers.observe) observe = uintValue(value);
  }
  return {
    code: message.code,
    contentFormat,
    maxAge,
    observe,
    locationPath: locationPath === undefined || locationPath.length === 0 ? undefined : locationPath,
    options: others(options, ofResponse),
    payload: payload.length === 0 ? noBytes : payload,
    incomplete,
  };
}
