import { manifestErrors } from '../errors.ts';

/** A device's line in a key table. */
export interface DeviceEntry {
  /** Endpoint name of the device. */
  urn: string;
  /** Sealed for that device alone. */
  opaque: Uint8Array;
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) | 0x80);
  }
}

/** A field of wire type 2 (length-delimited). */
const delimited = (field: number, content: Uint8Array): Uint8Array =>
  Buffer.concat([Uint8Array.from([(field << 3) | 2, ...varint(content.length)]), content]);

/** Protobuf `KeyTable { repeated DeviceEntry { string urn = 1; bytes opaque = 2 } entries = 1 }`. */
export const encodeKeyTable = (entries: readonly DeviceEntry[]): Uint8Array =>
  Buffer.concat(
    entries.map(({ urn, opaque }) =>
      delimited(1, Buffer.concat([delimited(1, Buffer.from(urn, 'utf8')), delimited(2, opaque)])),
    ),
  );

const malformed = (reason: string, offset: number) =>
  manifestErrors('manifest.key.table.malformed', {
    message: `The key table at byte ${offset}: ${reason}.`,
    next: 'Check that the file is a key table in its protobuf form, and complete.',
    data: { offset },
  });

interface WireField {
  number: number;
  content: Uint8Array;
  start: number;
  contentStart: number;
}

/** Length-delimited fields; others are skipped, as protobuf wants of fields that a reader does not know. */
function* wireFields(input: Uint8Array, from: number, end: number): Generator<WireField> {
  let at = from;
  const number = (): number => {
    const start = at;
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (at >= end) throw malformed('a number is cut off', start);
      const byte = input[at++] as number;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw malformed('a number has more than ten bytes', start);
  };
  while (at < end) {
    const start = at;
    const key = number();
    const wireType = key % 8;
    let size = 0;
    if (wireType === 0) number();
    else if (wireType === 1) size = 8;
    else if (wireType === 2) size = number();
    else if (wireType === 5) size = 4;
    else throw malformed(`wire type ${wireType} is not used in key tables`, start);
    if (size > end - at) throw malformed(`${size} bytes announced, ${end - at} there`, start);
    if (wireType === 2) {
      yield { number: Math.floor(key / 8), content: input.subarray(at, at + size), start, contentStart: at };
    }
    at += size;
  }
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @throws MooringError `manifest.key.table.malformed` with the byte offset */
export function decodeKeyTable(input: Uint8Array): DeviceEntry[] {
  const entries: DeviceEntry[] = [];
  for (const entry of wireFields(input, 0, input.length)) {
    if (entry.number !== 1) continue;
    const device: DeviceEntry = { urn: '', opaque: new Uint8Array() };
    for (const field of wireFields(input, entry.contentStart, entry.contentStart + entry.content.length)) {
      if (field.number === 1) {
        try {
          device.urn = strictUtf8.decode(field.content);
        } catch {
          throw malformed('the name of a device is not UTF-8', field.start);
        }
      } else if (field.number === 2) device.opaque = new Uint8Array(field.content);
    }
    entries.push(device);
  }
  return entries;
}
