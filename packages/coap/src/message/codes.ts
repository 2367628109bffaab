/** Class and detail in one byte (RFC 7252 §3): 2.05 is 0x45. */
export type Code = number;

export const codeOf = (classNumber: number, detail: number): Code => (classNumber << 5) | detail;
export const codeClass = (code: Code): number => code >> 5;

/** As people write it: `2.05`. */
export const codeText = (code: Code): string => `${code >> 5}.${String(code & 31).padStart(2, '0')}`;

/** RFC 7252 §12.1.1, RFC 8132 §6. */
export const methods = { GET: 1, POST: 2, PUT: 3, DELETE: 4, FETCH: 5, PATCH: 6, iPATCH: 7 } as const;
export type Method = keyof typeof methods;

const methodNames = new Map<Code, Method>(Object.entries(methods).map(([name, code]) => [code, name as Method]));
export const methodOf = (code: Code): Method | undefined => methodNames.get(code);

/** RFC 7252 §12.1.2, 7959 §6, 8132 §6, 8516, 8768. */
export const codes = {
  empty: 0x00,
  created: 0x41,
  deleted: 0x42,
  valid: 0x43,
  changed: 0x44,
  content: 0x45,
  continue: 0x5f,
  badRequest: 0x80,
  unauthorized: 0x81,
  badOption: 0x82,
  forbidden: 0x83,
  notFound: 0x84,
  methodNotAllowed: 0x85,
  notAcceptable: 0x86,
  requestEntityIncomplete: 0x88,
  conflict: 0x89,
  preconditionFailed: 0x8c,
  requestEntityTooLarge: 0x8d,
  unsupportedContentFormat: 0x8f,
  unprocessableEntity: 0x96,
  tooManyRequests: 0x9d,
  internalServerError: 0xa0,
  notImplemented: 0xa1,
  badGateway: 0xa2,
  serviceUnavailable: 0xa3,
  gatewayTimeout: 0xa4,
  proxyingNotSupported: 0xa5,
  hopLimitReached: 0xa8,
} as const;

/** RFC 8323 §5: messages about the connection itself. */
export const signals = { csm: 0xe1, ping: 0xe2, pong: 0xe3, release: 0xe4, abort: 0xe5 } as const;

export const isRequest = (code: Code): boolean => code > 0 && code < 0x20;
/** Classes 2, 4 and 5; the others are reserved. */
export const isResponse = (code: Code): boolean => code >= 0x40 && code < 0xc0 && codeClass(code) !== 3;
export const isSuccess = (code: Code): boolean => codeClass(code) === 2;
