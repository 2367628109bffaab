/** What can be seen of a datagram without a key (RFC 6347 §4.1, §4.2.2). All of it is unproven. */

const contentTypes = { handshake: 22, applicationData: 23 } as const;
const messageTypes = { clientHello: 1, clientKeyExchange: 16 } as const;
const recordHeader = 13;
const messageHeader = 12;

interface HandshakeMessage {
  readonly type: number;
  readonly body: Uint8Array;
}

const uint16 = (bytes: Uint8Array, at: number) => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
const uint24 = (bytes: Uint8Array, at: number) => ((bytes[at] ?? 0) << 16) | uint16(bytes, at + 1);

/** Handshake messages in the clear that are whole in their record. */
function* messagesOf(datagram: Uint8Array): Generator<HandshakeMessage> {
  for (let at = 0; at + recordHeader <= datagram.length; ) {
    const end = at + recordHeader + uint16(datagram, at + 11);
    if (end > datagram.length) return;
    const isClear = datagram[at] === contentTypes.handshake && uint16(datagram, at + 3) === 0;
    for (let message = at + recordHeader; isClear && message + messageHeader <= end; ) {
      const length = uint24(datagram, message + 1);
      const isWhole = uint24(datagram, message + 6) === 0 && uint24(datagram, message + 9) === length;
      const bodyEnd = message + messageHeader + length;
      if (!isWhole || bodyEnd > end) break;
      yield { type: datagram[message] as number, body: datagram.subarray(message + messageHeader, bodyEnd) };
      message = bodyEnd;
    }
    at = end;
  }
}

export interface ClientHello {
  /** Tells one handshake from another; in base64. */
  readonly random: string;
  readonly hasCookie: boolean;
}

/** Of a datagram that begins with one (RFC 6347 §4.2.1). */
export function clientHelloOf(datagram: Uint8Array): ClientHello | undefined {
  const [first] = messagesOf(datagram);
  if (first?.type !== messageTypes.clientHello) return undefined;
  const { body } = first;
  const sessionLength = body[34];
  if (sessionLength === undefined) return undefined;
  const cookieLength = body[35 + sessionLength];
  if (cookieLength === undefined || 36 + sessionLength + cookieLength > body.length) return undefined;
  return { random: Buffer.from(body.subarray(2, 34)).toString('base64'), hasCookie: cookieLength > 0 };
}

/**
 * The identity in a ClientKeyExchange (RFC 4279 §2), where the suite is one with a pre-shared key.
 * `unreadable` where there is one that cannot be: no device sends it in pieces, or with a NUL in it.
 */
export function identityOf(datagram: Uint8Array): Uint8Array | 'unreadable' | undefined {
  for (const { type, body } of messagesOf(datagram)) {
    if (type !== messageTypes.clientKeyExchange) continue;
    const length = uint16(body, 0);
    const identity = body.subarray(2, 2 + length);
    return body.length < 2 || identity.length !== length || length > 128 || identity.includes(0)
      ? 'unreadable'
      : identity;
  }
  return undefined;
}

/** Whether the first record is of an application, or claims to be. */
export function isApplicationData(datagram: Uint8Array): boolean {
  return datagram[0] === contentTypes.applicationData;
}
