import type { Catalogue } from '../definitions/catalogue.ts';
import { type Entry, type Node, placesOf } from '../model/node.ts';
import { type Path, parsePath, pathText } from '../model/path.ts';
import { treeOf } from '../model/tree.ts';
import {
  badValue,
  checkedInteger,
  linkText,
  naturalType,
  parseLink,
  type ResourceType,
  secondsOf,
  timeValue,
  type Value,
} from '../model/value.ts';
import { malformed } from './content-format.ts';

/** One record of a SenML pack (RFC 8428 §4), with LwM2M's `vlo` for object links (OMA LwM2M 1.1 §7.4.5). */
export interface SenmlRecord {
  bn?: string;
  bt?: number;
  bv?: number;
  n?: string;
  t?: number;
  v?: number | bigint;
  /** `v` is of type float: CBOR keeps it one even where it is whole. Only set where records are made. */
  float?: true;
  vs?: string;
  vb?: boolean;
  vd?: Uint8Array;
  vlo?: string;
}

/** A record whose base fields are worked in: whose value, if any, and from when. */
export interface ResolvedRecord {
  readonly path: Path;
  readonly value: SenmlRecord | undefined;
  readonly time: number | undefined;
}

/** What a value is in a record. */
export function senmlValue(type: ResourceType, value: Value): SenmlRecord {
  switch (type) {
    case 'string':
    case 'corelnk':
    case 'none':
      return typeof value === 'string' ? { vs: value } : badValue(type, value);
    case 'integer':
    case 'unsigned':
      return { v: checkedInteger(type, value) };
    case 'float': {
      const number = typeof value === 'bigint' ? Number(value) : value;
      return typeof number === 'number' && Number.isFinite(number) ? { v: number, float: true } : badValue(type, value);
    }
    case 'boolean':
      return typeof value === 'boolean' ? { vb: value } : badValue(type, value);
    case 'opaque':
      return value instanceof Uint8Array ? { vd: value } : badValue(type, value);
    case 'time':
      return { v: secondsOf(value) };
    case 'objlnk':
      return { vlo: linkText(value) };
  }
}

/** Reads what {@link senmlValue} makes. Without a type the record's own kind decides. */
export function valueOfSenml(type: ResourceType | undefined, record: SenmlRecord): Value {
  const { v, vs, vb, vd, vlo } = record;
  const given = v ?? vs ?? vb ?? vd ?? vlo;
  switch (type) {
    case undefined:
      return vlo === undefined ? (given as Value) : parseLink(vlo);
    case 'string':
    case 'corelnk':
    case 'none':
      return vs ?? badValue(type, given);
    case 'integer':
    case 'unsigned':
      return v === undefined ? badValue(type, given) : checkedInteger(type, v);
    case 'float':
      return v === undefined ? badValue(type, given) : Number(v);
    case 'boolean':
      return vb ?? badValue(type, given);
    case 'opaque':
      return vd ?? badValue(type, given);
    case 'time':
      return v === undefined ? badValue(type, given) : timeValue(typeof v === 'bigint' ? v : Math.floor(v));
    case 'objlnk':
      return parseLink(vlo ?? vs ?? badValue(type, given));
  }
}

/** Works the base fields into each record (RFC 8428 §4.6). */
export function resolveSenml(records: readonly SenmlRecord[], format: string): ResolvedRecord[] {
  let [baseName, baseTime, baseValue] = ['', 0, 0];
  let timed = false;
  const resolved: ResolvedRecord[] = [];
  for (const record of records) {
    baseName = record.bn ?? baseName;
    baseTime = record.bt ?? baseTime;
    baseValue = record.bv ?? baseValue;
    timed ||= record.bt !== undefined;
    const { v, vs, vb, vd, vlo } = record;
    const values = [v, vs, vb, vd, vlo].filter((value) => value !== undefined).length;
    if (values > 1) malformed(format, 'a record has more than one value');
    const sum = v !== undefined && baseValue !== 0 ? { v: Number(v) + baseValue } : record;
    const name = baseName + (record.n ?? '');
    if (name === '') {
      // A record that only sets the base for those after it.
      if (values > 0) malformed(format, 'a value has no name');
      continue;
    }
    resolved.push({
      // A pack that holds nothing of an instance names it with the slash after which its resources would stand.
      path: parsePath(name.length > 1 && name.endsWith('/') ? name.slice(0, -1) : name),
      value: values === 0 ? undefined : sum,
      time: timed || record.t !== undefined ? baseTime + (record.t ?? 0) : undefined,
    });
  }
  return resolved;
}

const typeAt = (path: Path, catalogue: Catalogue): ResourceType | undefined =>
  path.length >= 3 ? catalogue.resource(path[0] as number, path[2] as number)?.type : undefined;

/** The records for what `at` holds: the first carries the base name, the others the rest of their path. */
export function recordsOf(at: Path, node: Node, catalogue: Catalogue): SenmlRecord[] {
  const base = node.kind === 'resource' || node.kind === 'resource instance' ? pathText(at) : `${pathText(at)}/`;
  const [first, ...rest] = placesOf(at, node).map(({ path, value }): SenmlRecord => {
    const name = path.slice(at.length).join('/');
    // An instance without any value would else leave no trace.
    if (value === undefined) return name === '' ? {} : { n: `${name}/` };
    const record = senmlValue(typeAt(path, catalogue) ?? naturalType(value), value);
    return name === '' ? record : { n: name, ...record };
  });
  return first ? [{ bn: base, ...first }, ...rest] : [];
}

/** The records for values from anywhere, each with its whole path and, where it has one, its time. */
export function recordsOfEntries(entries: readonly Entry[], catalogue: Catalogue): SenmlRecord[] {
  return entries.map(({ path, value, time }) => ({
    n: pathText(path),
    ...(time === undefined ? {} : { t: time }),
    ...senmlValue(typeAt(path, catalogue) ?? naturalType(value), value),
  }));
}

/** The tree of a pack that holds what `at` has. Of values with several times the last in the pack stands. */
export function nodeOfRecords(at: Path, records: readonly SenmlRecord[], format: string, catalogue: Catalogue): Node {
  const entries = resolveSenml(records, format).map(({ path, value }) => ({
    path,
    value: value && valueOfSenml(typeAt(path, catalogue), value),
  }));
  return treeOf(at, entries, (reason) => malformed(format, reason));
}

/** The values of a pack, from anywhere. */
export function entriesOfRecords(records: readonly SenmlRecord[], format: string, catalogue: Catalogue): Entry[] {
  return resolveSenml(records, format).map(({ path, value, time }) => {
    if (!value) return malformed(format, `${pathText(path)} has no value`);
    if (path.length < 3) malformed(format, `${pathText(path)} cannot hold a value`);
    const entry: Entry = { path, value: valueOfSenml(typeAt(path, catalogue), value) };
    return time === undefined ? entry : { ...entry, time };
  });
}

/** The paths that a pack without values names, as composite reads and observations send (OMA LwM2M 1.1 §6.4.3). */
export function pathsOfRecords(records: readonly SenmlRecord[], format: string): Path[] {
  return resolveSenml(records, format).map(({ path }) => path);
}
