import { malformed } from './content-format.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export const utf8Bytes = (text: string): Uint8Array => encoder.encode(text);

/** @param format what stands in the error when the bytes are not UTF-8 */
export function utf8Text(bytes: Uint8Array, format: string): string {
  try {
    return decoder.decode(bytes);
  } catch {
    return malformed(format, 'the text is not valid UTF-8');
  }
}
