import { checksum } from '../firmware-header.ts';
import { readSoftware } from '../software.ts';
import type { JournalRecord } from './records.ts';

/** One record a line: CRC-32 of the rest in hexadecimal, a space, JSON. A line that was cut off does not count. */
export function recordLine(record: JournalRecord): string {
  const text = JSON.stringify(record, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value));
  return `${checksum(Buffer.from(text)).toString(16).padStart(8, '0')} ${text}\n`;
}

function withSoftware(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withSoftware);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, one]) => [
    name,
    name === 'software' ? readSoftware(one) : withSoftware(one),
  ]);
  return Object.fromEntries(entries);
}

/**
 * The records of a journal, up to the first line that is none: what was written after the last sync before a power cut
 * may be there in part.
 *
 * @returns the records, and how many bytes they take
 */
export function readRecords(data: Uint8Array): { records: JournalRecord[]; size: number } {
  const records: JournalRecord[] = [];
  const bytes = Buffer.from(data);
  let size = 0;
  for (let end = bytes.indexOf(0x0a, size); end >= 0; end = bytes.indexOf(0x0a, size)) {
    const line = bytes.subarray(size, end);
    const text = line.subarray(9);
    if (line.subarray(0, 9).toString('latin1') !== `${checksum(text).toString(16).padStart(8, '0')} `) break;
    records.push(withSoftware(JSON.parse(text.toString('utf8'))) as JournalRecord);
    size = end + 1;
  }
  return { records, size };
}
