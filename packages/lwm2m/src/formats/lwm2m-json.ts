import type { Catalogue } from '../definitions/catalogue.ts';
import type { Node } from '../model/node.ts';
import { type Path, parsePath } from '../model/path.ts';
import { treeOf } from '../model/tree.ts';
import { parseLink, type ResourceType, type Value } from '../model/value.ts';
import { malformed } from './content-format.ts';
import { valueOfSenml } from './senml.ts';
import { parseJson } from './senml-json.ts';
import { textValue } from './text.ts';
import { utf8Text } from './utf8.ts';

const format = 'LwM2M JSON';

function elementValue(type: ResourceType | undefined, element: Record<string, unknown>): Value | undefined {
  const { v, sv, bv, ov } = element;
  if (typeof v === 'number' || typeof v === 'bigint') return valueOfSenml(type, { v });
  if (typeof bv === 'boolean') return valueOfSenml(type, { vb: bv });
  if (typeof ov === 'string') return parseLink(ov);
  // Opaque values stand in strings, in base64.
  if (typeof sv === 'string') return type === 'opaque' ? textValue(type, sv) : valueOfSenml(type, { vs: sv });
  if (v !== undefined || sv !== undefined || bv !== undefined || ov !== undefined) {
    malformed(format, 'a value is of the wrong kind');
  }
  return undefined;
}

/** LwM2M 1.0's own JSON, which 1.1 gave up for SenML (OMA LwM2M 1.0.2 §6.4.4). Only read here, never written. */
export function decodeLwm2mJson(at: Path, payload: Uint8Array, catalogue: Catalogue): Node {
  const pack = parseJson(utf8Text(payload, format), format) as { bn?: unknown; e?: unknown } | null;
  if (typeof pack !== 'object' || pack === null || !Array.isArray(pack.e)) {
    return malformed(format, 'an object with an array "e" was expected');
  }
  const base = pack.bn ?? `/${at.join('/')}`;
  if (typeof base !== 'string') malformed(format, 'the base name is text');
  const entries = pack.e.map((element: unknown) => {
    if (typeof element !== 'object' || element === null) malformed(format, 'an element is an object');
    const { n = '' } = element as { n?: unknown };
    if (typeof n !== 'string') malformed(format, 'a name is text');
    const glue = n === '' || (base as string).endsWith('/') || (n as string).startsWith('/') ? '' : '/';
    const path = parsePath(`${base}${glue}${n}`.replace(/(.)\/$/, '$1'));
    const type = path.length >= 3 ? catalogue.resource(path[0] as number, path[2] as number)?.type : undefined;
    return { path, value: elementValue(type, element as Record<string, unknown>) };
  });
  return treeOf(at, entries, (reason) => malformed(format, reason));
}
