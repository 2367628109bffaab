import {
  contentFormats,
  currentFormat,
  decodeNode,
  naturalType,
  type Path,
  standardCatalogue,
  type Value,
  valueText,
} from '@mooring/lwm2m';
import { isMooringError } from '@mooring/platform';
import type { DeviceAnswer } from '../connect/index.ts';

const { text, opaque, cbor, tlv, senmlJson, senmlCbor } = contentFormats;

/** Formats that wrap one value up. */
const wrapped: ReadonlySet<number> = new Set([cbor, tlv, senmlJson, senmlCbor]);

function valueAt(path: Path, { contentFormat, payload }: DeviceAnswer): Value | undefined {
  try {
    const node = decodeNode(contentFormat ?? text, path, payload, standardCatalogue);
    return node.kind === 'resource' ? node.value : undefined;
  } catch (error) {
    // A device may send anything; who asked it may make more of it.
    if (!isMooringError(error)) throw error;
    return undefined;
  }
}

/**
 * The value of one resource as Pelion's clients tell it: text, or bytes where it is opaque. Standard clients choose a format
 * of their own where none is asked for, and applications and the directory know values. What is no single value, or of a
 * type that is not known, stays as it came.
 */
export function plainAnswer(path: Path | undefined, answer: DeviceAnswer): DeviceAnswer {
  if (path?.length !== 3 || answer.code >> 5 !== 2 || answer.contentFormat === undefined) return answer;
  const format = currentFormat(answer.contentFormat);
  if (!wrapped.has(format)) return answer;
  const [objectId = -1, , resourceId = -1] = path;
  const known = standardCatalogue.resource(objectId, resourceId)?.type;
  if (format === tlv && known === undefined) return answer;
  const value = valueAt(path, answer);
  if (value === undefined) return answer;
  if (value instanceof Uint8Array) return { ...answer, contentFormat: opaque, payload: value };
  return { ...answer, contentFormat: text, payload: Buffer.from(valueText(known ?? naturalType(value), value)) };
}
