import { integerValue } from '../model/value.ts';
import { malformed } from './content-format.ts';
import type { SenmlRecord } from './senml.ts';
import { utf8Bytes, utf8Text } from './utf8.ts';

const format = 'SenML JSON';

/** Whole numbers past 2^53, which JSON.parse would round, where the runtime shows the source of a number. */
function exactNumbers(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value) || !Number.isInteger(value)) return value;
  return context?.source && /^-?[0-9]{1,20}$/.test(context.source) ? integerValue(BigInt(context.source)) : value;
}

export function parseJson(text: string, what: string): unknown {
  try {
    // Reviving costs four times the parsing: only where a number may need it.
    return /[0-9]{16}/.test(text)
      ? JSON.parse(text, exactNumbers as (key: string, value: unknown) => unknown)
      : JSON.parse(text);
  } catch {
    return malformed(what, 'the text is not JSON');
  }
}

const base64url = /^[A-Za-z0-9_-]*$/;
/** Units and sums say nothing about the value of a resource. */
const ignored = new Set(['bu', 'bs', 'u', 's', 'ut']);

function field(record: SenmlRecord, key: string, value: unknown): void {
  const wrong = (): never => malformed(format, `"${key.slice(0, 20)}" has a value of the wrong kind`);
  switch (key) {
    case 'n':
    case 'bn':
    case 'vs':
    case 'vlo':
      record[key] = typeof value === 'string' ? value : wrong();
      break;
    case 't':
    case 'bt':
    case 'bv':
      record[key] = typeof value === 'number' ? value : wrong();
      break;
    case 'v':
      record.v = typeof value === 'number' || typeof value === 'bigint' ? value : wrong();
      break;
    case 'vb':
      record.vb = typeof value === 'boolean' ? value : wrong();
      break;
    case 'vd':
      if (typeof value !== 'string' || !base64url.test(value.replace(/={0,2}$/, ''))) wrong();
      record.vd = new Uint8Array(Buffer.from(value as string, 'base64url'));
      break;
    case 'bver':
      if (typeof value !== 'number' || value > 10) malformed(format, 'the pack is of a later version than 10');
      break;
    default:
      // RFC 8428 §4.4: what ends in an underscore must be understood.
      if (!ignored.has(key) && key.endsWith('_')) malformed(format, `"${key.slice(0, 20)}" is not understood`);
  }
}

export function decodeSenmlJson(payload: Uint8Array): SenmlRecord[] {
  const pack = parseJson(utf8Text(payload, format), format);
  if (!Array.isArray(pack)) return malformed(format, 'a pack is an array');
  return pack.map((item: unknown) => {
    if (typeof item !== 'object' || item === null || Array.isArray(item)) malformed(format, 'a record is an object');
    const record: SenmlRecord = {};
    for (const [key, value] of Object.entries(item as object)) field(record, key, value);
    return record;
  });
}

/** A number as JSON; the shortest text that reads back as the same double, or all digits of a bigint. */
const numberText = (value: number | bigint): string => (Object.is(value, -0) ? '-0' : String(value));

export function encodeSenmlJson(records: readonly SenmlRecord[]): Uint8Array {
  const items = records.map(({ bn, bt, n, t, v, vs, vb, vd, vlo }) => {
    const fields: string[] = [];
    if (bn !== undefined) fields.push(`"bn":${JSON.stringify(bn)}`);
    if (bt !== undefined) fields.push(`"bt":${bt}`);
    if (n !== undefined) fields.push(`"n":${JSON.stringify(n)}`);
    if (t !== undefined) fields.push(`"t":${t}`);
    if (v !== undefined) fields.push(`"v":${numberText(v)}`);
    if (vs !== undefined) fields.push(`"vs":${JSON.stringify(vs)}`);
    if (vb !== undefined) fields.push(`"vb":${vb}`);
    if (vd !== undefined) fields.push(`"vd":"${Buffer.from(vd).toString('base64url')}"`);
    if (vlo !== undefined) fields.push(`"vlo":${JSON.stringify(vlo)}`);
    return `{${fields.join(',')}}`;
  });
  return utf8Bytes(`[${items.join(',')}]`);
}
