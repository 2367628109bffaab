/** The least of CoAP that a peer needs to be spoken to (RFC 7252 §3); the real thing is a package above this one. */

const get = 1;
const content = 0x45;

/** The answer to a confirmable GET, in the same datagram as its acknowledgement. */
export function answerTo(request: Uint8Array, payload: string): Uint8Array {
  const [first = 0, code, idHigh = 0, idLow = 0] = request;
  if (first >> 4 !== 4 || code !== get)
    throw new Error(`Not a confirmable GET: ${Buffer.from(request).toString('hex')}`);
  const token = request.subarray(4, 4 + (first & 15));
  return Buffer.concat([
    Buffer.of(0x60 | token.length, content, idHigh, idLow),
    token,
    Buffer.of(0xff),
    Buffer.from(payload),
  ]);
}

/** A confirmable GET of the root, without a token. */
export const getRoot = Uint8Array.of(0x40, get, 0x12, 0x34);

/** The payload of an answer to `getRoot`. */
export function payloadOf(response: Uint8Array): string {
  if (response[1] !== content) throw new Error(`No content: ${Buffer.from(response).toString('hex')}`);
  return Buffer.from(response.subarray(response.indexOf(0xff) + 1)).toString();
}
