import type { Catalogue } from '../definitions/catalogue.ts';
import {
  type InstanceNode,
  instance,
  multiple,
  type Node,
  object,
  type ResourceNode,
  resource,
  resourceInstance,
} from '../model/node.ts';
import { maxId, type Path, pathText } from '../model/path.ts';
import { naturalType, type Value } from '../model/value.ts';
import { malformed } from './content-format.ts';
import { decodeTlv, encodeTlv, type RawTlv, type Tlv } from './tlv.ts';
import { bytesValue, valueBytes } from './tlv-value.ts';

/** What `at` holds, in TLV (OMA LwM2M 1.1 §7.4.4). Resources of an instance stand bare, instances of an object wrapped. */
export function encodeTlvNode(at: Path, node: Node, catalogue: Catalogue): Uint8Array {
  const bytes = (resourceId: number, value: Value): Uint8Array =>
    valueBytes(catalogue.resource(at[0] ?? maxId, resourceId)?.type ?? naturalType(value), value);
  const resourceTlv = (one: ResourceNode): Tlv => ({
    kind: one.kind,
    id: one.id,
    value:
      one.kind === 'resource'
        ? bytes(one.id, one.value)
        : [...one.values].map(([id, value]) => ({ kind: 'resource instance', id, value: bytes(one.id, value) })),
  });
  switch (node.kind) {
    case 'object':
      return encodeTlv(
        node.instances.map(({ id, resources }) => ({ kind: 'instance', id, value: resources.map(resourceTlv) })),
      );
    case 'instance':
      return encodeTlv(node.resources.map(resourceTlv));
    case 'resource instance':
      return encodeTlv([{ kind: 'resource instance', id: node.id, value: bytes(at[2] ?? maxId, node.value) }]);
    default:
      return encodeTlv([resourceTlv(node)]);
  }
}

/**
 * Reads what a peer has at `at`. Clients differ in how much they wrap, and both forms are taken: an object of which only
 * instance 0's resources stand there, an instance wrapped in itself, bare instances of a resource.
 */
export function decodeTlvNode(at: Path, payload: Uint8Array, catalogue: Catalogue): Node {
  const [objectId, instanceId, resourceId, resourceInstanceId] = at;
  if (objectId === undefined) return malformed('TLV', 'the root has no form in TLV');
  const wrong = (found: RawTlv): never =>
    malformed('TLV', `a TLV of kind "${found.kind}" cannot stand within ${pathText(at)}`, found.offset);
  const value = (of: number, { value: bytes, offset }: RawTlv): Value =>
    bytesValue(catalogue.resource(objectId, of)?.type, bytes, offset);
  const several = (of: number, instances: readonly RawTlv[]) => {
    const values = new Map<number, Value>();
    for (const one of instances) {
      if (one.kind !== 'resource instance') wrong(one);
      checkId(one, values);
      values.set(one.id, value(of, one));
    }
    return multiple(of, values);
  };
  const resourceOf = (found: RawTlv): ResourceNode => {
    if (found.kind === 'resource') return resource(found.id, value(found.id, found));
    return found.kind === 'multiple' ? several(found.id, decodeTlv(found.value, found.offset)) : wrong(found);
  };
  const resourcesOf = (found: readonly RawTlv[]): ResourceNode[] => {
    const seen = new Set<number>();
    return found.map((one) => {
      checkId(one, seen);
      seen.add(one.id);
      return resourceOf(one);
    });
  };

  const found = decodeTlv(payload);
  const first = found[0];
  if (instanceId === undefined) {
    if (first && first.kind !== 'instance') return object(objectId, [instance(0, resourcesOf(found))]);
    const instances = new Map<number, InstanceNode>();
    for (const one of found) {
      if (one.kind !== 'instance') wrong(one);
      checkId(one, instances);
      instances.set(one.id, instance(one.id, resourcesOf(decodeTlv(one.value, one.offset))));
    }
    return object(objectId, [...instances.values()]);
  }
  if (resourceId === undefined) {
    if (first?.kind !== 'instance') return instance(instanceId, resourcesOf(found));
    if (found.length > 1 || first.id !== instanceId) wrong(found[1] ?? first);
    return instance(instanceId, resourcesOf(decodeTlv(first.value, first.offset)));
  }
  if (resourceInstanceId === undefined) {
    if (!first) return catalogue.resource(objectId, resourceId)?.multiple ? multiple(resourceId, []) : empty();
    if (first.kind === 'resource instance') return several(resourceId, found);
    if (found.length > 1 || first.id !== resourceId) wrong(found[1] ?? first);
    return resourceOf(first);
  }
  const only = first?.kind === 'multiple' && first.id === resourceId ? decodeTlv(first.value, first.offset) : found;
  const one = only[0];
  if (!one) return empty();
  if (only.length > 1 || one.kind !== 'resource instance' || one.id !== resourceInstanceId) wrong(only[1] ?? one);
  return resourceInstance(resourceInstanceId, value(resourceId, one));
}

function checkId({ id, offset }: RawTlv, seen: { has(id: number): boolean }): void {
  if (id > maxId) malformed('TLV', `${id} is not the number of anything`, offset);
  if (seen.has(id)) malformed('TLV', `${id} stands there twice`, offset);
}

const empty = (): never => malformed('TLV', 'there is no value');
