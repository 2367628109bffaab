import { malformed } from '../formats/content-format.ts';
import { utf8Bytes, utf8Text } from '../formats/utf8.ts';

const format = 'certificate renewal';
const certificateName = 1;
/** The highest bit of a type says that a reader may pass over what it does not know. */
const optional = 0x8000;

/** The name under which Pelion's clients keep the certificate of their LwM2M server account. */
export const lwm2mCertificateName = 'LWM2M';

/**
 * What executing `/35011/0/27002` carries, the order to renew a certificate: type and length in two bytes each, big
 * endian, then the name with its final zero byte. The device answers with the status as decimal text, 0 for success,
 * and fetches the new certificate from `/est/NAME/sen`.
 */
export function encodeRenewalOrder(name: string): Uint8Array {
  const text = utf8Bytes(name);
  if (text.length === 0 || text.length > 0xfffe || text.includes(0))
    malformed(format, 'a name has 1 to 65534 bytes, none 0');
  const order = new Uint8Array(5 + text.length);
  order.set([0, certificateName, (text.length + 1) >> 8, (text.length + 1) & 0xff]);
  order.set(text, 4);
  return order;
}

/** @returns the name of the certificate to renew */
export function decodeRenewalOrder(order: Uint8Array): string {
  let [at, name]: [number, string | undefined] = [0, undefined];
  while (at < order.length) {
    if (order.length - at < 4) malformed(format, 'a type or length is cut off', at);
    const view = new DataView(order.buffer, order.byteOffset + at, 4);
    const [type, length] = [view.getUint16(0), view.getUint16(2)];
    const value = order.subarray(at + 4, at + 4 + length);
    if (value.length < length) malformed(format, 'a value is cut off', at);
    if ((type & ~optional) === certificateName) {
      if (value.indexOf(0) !== length - 1) malformed(format, 'the name does not end with its only zero byte', at);
      name = utf8Text(value.subarray(0, -1), format);
    } else if (!(type & optional)) {
      malformed(format, `type ${type} is not known and not optional`, at);
    }
    at += 4 + length;
  }
  return name ? name : malformed(format, 'no certificate is named');
}

/** What the device answers to the order: 0 when it has the new certificate, else a number of its own; undefined if it says none. */
export function renewalStatus(answer: Uint8Array): number | undefined {
  const text = Buffer.from(answer).toString('latin1');
  return /^[0-9]{1,5}$/.test(text) ? Number(text) : undefined;
}
