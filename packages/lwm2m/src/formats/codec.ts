import type { Catalogue } from '../definitions/catalogue.ts';
import { type Entry, type Node, resource, resourceInstance } from '../model/node.ts';
import { type Path, pathText } from '../model/path.ts';
import { naturalType, type ResourceType, type Value } from '../model/value.ts';
import { decodeCborValue, encodeCborValue } from './cbor-value.ts';
import { contentFormats, currentFormat, malformed, unsupported } from './content-format.ts';
import { decodeLwm2mJson } from './lwm2m-json.ts';
import {
  entriesOfRecords,
  nodeOfRecords,
  pathsOfRecords,
  recordsOf,
  recordsOfEntries,
  type SenmlRecord,
} from './senml.ts';
import { decodeSenmlCbor, encodeSenmlCbor } from './senml-cbor.ts';
import { decodeSenmlJson, encodeSenmlJson } from './senml-json.ts';
import { decodeText, valueText } from './text.ts';
import { decodeTlvNode, encodeTlvNode } from './tlv-node.ts';
import { utf8Bytes } from './utf8.ts';

const { text, opaque, cbor, senmlJson, senmlCbor, tlv, json } = contentFormats;

const typeAt = (at: Path, catalogue: Catalogue): ResourceType | undefined =>
  at.length >= 3 ? catalogue.resource(at[0] as number, at[2] as number)?.type : undefined;

/** Formats for one value: plain text, opaque, CBOR. */
function encodeSingle(format: number, at: Path, value: Value, catalogue: Catalogue): Uint8Array {
  const type = typeAt(at, catalogue) ?? naturalType(value);
  switch (format) {
    case text:
      return utf8Bytes(valueText(type, value));
    case opaque:
      return value instanceof Uint8Array ? value : unsupported(format, `a value of type ${type}`);
    default:
      return encodeCborValue(type, value);
  }
}

function decodeSingle(format: number, at: Path, payload: Uint8Array, catalogue: Catalogue): Value {
  const type = typeAt(at, catalogue);
  switch (format) {
    case text:
      return decodeText(type, payload);
    case opaque:
      return Uint8Array.from(payload);
    default:
      return decodeCborValue(type, payload);
  }
}

/** The payload for what `at` holds. Throws `lwm2m.format.unsupported` where the format cannot carry it. */
export function encodeNode(format: number, at: Path, node: Node, catalogue: Catalogue): Uint8Array {
  const current = currentFormat(format);
  switch (current) {
    case tlv:
      return encodeTlvNode(at, node, catalogue);
    case senmlJson:
      return encodeSenmlJson(recordsOf(at, node, catalogue));
    case senmlCbor:
      return encodeSenmlCbor(recordsOf(at, node, catalogue));
    case text:
    case opaque:
    case cbor:
      if (node.kind !== 'resource' && node.kind !== 'resource instance') unsupported(format, 'more than one value');
      return encodeSingle(current, at, node.value, catalogue);
    default:
      return unsupported(format, 'values of resources');
  }
}

/** What a payload says that `at` holds. */
export function decodeNode(format: number, at: Path, payload: Uint8Array, catalogue: Catalogue): Node {
  const current = currentFormat(format);
  switch (current) {
    case tlv:
      return decodeTlvNode(at, payload, catalogue);
    case senmlJson:
      return nodeOfRecords(at, decodeSenmlJson(payload), 'SenML JSON', catalogue);
    case senmlCbor:
      return nodeOfRecords(at, decodeSenmlCbor(payload), 'SenML CBOR', catalogue);
    case json:
      return decodeLwm2mJson(at, payload, catalogue);
    case text:
    case opaque:
    case cbor: {
      if (at.length < 3) unsupported(format, `what ${pathText(at)} holds`);
      const value = decodeSingle(current, at, payload, catalogue);
      return at.length === 3 ? resource(at[2] as number, value) : resourceInstance(at[3] as number, value);
    }
    default:
      return unsupported(format, 'values of resources');
  }
}

function records(format: number, payload: Uint8Array): [SenmlRecord[], string] {
  switch (format) {
    case senmlJson:
      return [decodeSenmlJson(payload), 'SenML JSON'];
    case senmlCbor:
      return [decodeSenmlCbor(payload), 'SenML CBOR'];
    default:
      return unsupported(format, 'values from several places');
  }
}

function written(format: number, made: readonly SenmlRecord[]): Uint8Array {
  switch (format) {
    case senmlJson:
      return encodeSenmlJson(made);
    case senmlCbor:
      return encodeSenmlCbor(made);
    default:
      return unsupported(format, 'values from several places');
  }
}

/** Values from anywhere in one payload: composite operations and Send, in SenML alone (OMA LwM2M 1.1 §7.4.5, §7.4.6). */
export function encodeEntries(format: number, entries: readonly Entry[], catalogue: Catalogue): Uint8Array {
  return written(format, recordsOfEntries(entries, catalogue));
}

export function decodeEntries(format: number, payload: Uint8Array, catalogue: Catalogue): Entry[] {
  return entriesOfRecords(...records(format, payload), catalogue);
}

/** The paths of a composite read or observation. */
export function encodePaths(format: number, paths: readonly Path[]): Uint8Array {
  return written(
    format,
    paths.map((path) => ({ n: pathText(path) })),
  );
}

export function decodePaths(format: number, payload: Uint8Array): Path[] {
  const paths = pathsOfRecords(...records(format, payload));
  return paths.length > 0 ? paths : malformed('SenML', 'no path is named');
}
