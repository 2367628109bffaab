import { type Cbor, type CborMap, decodeCbor } from './cbor-reader.ts';
import { CborFloat, type CborInput, encodeCbor } from './cbor-writer.ts';
import { malformed } from './content-format.ts';
import type { SenmlRecord } from './senml.ts';

const format = 'SenML CBOR';

/** Labels of the fields (RFC 8428 §6, Table 4); `vlo` has none and goes by its name (OMA LwM2M 1.1 §7.4.6). */
const labels = { bn: -2, bt: -3, bv: -5, n: 0, v: 2, vs: 3, vb: 4, t: 6, vd: 8, vlo: 'vlo' } as const;
const baseVersion = -1;
const fieldOf = new Map<Cbor, keyof typeof labels>();
for (const [name, label] of Object.entries(labels)) fieldOf.set(label, name as keyof typeof labels);

function recordOf(map: CborMap): SenmlRecord {
  const record: SenmlRecord = {};
  for (const [label, value] of map) {
    const field = fieldOf.get(label);
    const wrong = (): never => malformed(format, `field ${String(label).slice(0, 20)} has a value of the wrong kind`);
    switch (field) {
      case undefined:
        if (label === baseVersion && (typeof value !== 'number' || value > 10)) {
          malformed(format, 'the pack is of a later version than 10');
        }
        if (typeof label === 'string' && label.endsWith('_'))
          malformed(format, `"${label.slice(0, 20)}" is not understood`);
        break;
      case 'bn':
      case 'n':
      case 'vs':
      case 'vlo':
        record[field] = typeof value === 'string' ? value : wrong();
        break;
      case 'bt':
      case 't':
      case 'bv':
        record[field] = typeof value === 'number' ? value : wrong();
        break;
      case 'v':
        record.v = typeof value === 'number' || typeof value === 'bigint' ? value : wrong();
        break;
      case 'vb':
        record.vb = typeof value === 'boolean' ? value : wrong();
        break;
      case 'vd':
        record.vd = value instanceof Uint8Array ? value : wrong();
        break;
    }
  }
  return record;
}

export function decodeSenmlCbor(payload: Uint8Array): SenmlRecord[] {
  const pack = decodeCbor(payload);
  if (!Array.isArray(pack)) return malformed(format, 'a pack is an array');
  return pack.map((item: Cbor) => (item instanceof Map ? recordOf(item) : malformed(format, 'a record is a map')));
}

export function encodeSenmlCbor(records: readonly SenmlRecord[]): Uint8Array {
  return encodeCbor(
    records.map((record) => {
      const map = new Map<CborInput, CborInput>();
      for (const field of Object.keys(labels) as (keyof typeof labels)[]) {
        const value = record[field];
        if (value === undefined) continue;
        map.set(labels[field], field === 'v' && record.float ? new CborFloat(Number(value)) : value);
      }
      return map;
    }),
  );
}
