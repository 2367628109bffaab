import { instance, multiple, type Node, object, type ResourceNode, resource, resourceInstance } from './node.ts';
import { isWithin, type Path, pathText } from './path.ts';
import type { Value } from './value.ts';

type ResourceShape = { single?: Value; instances?: Map<number, Value> };

/**
 * Makes the tree at `at` out of values with whole paths, in any order; later ones replace earlier ones, as a value that
 * changed while it was written down does. A path without a value makes an empty instance.
 *
 * @param fail is told of what cannot stand at this path
 */
export function treeOf(
  at: Path,
  entries: Iterable<{ path: Path; value: Value | undefined }>,
  fail: (reason: string) => never,
): Node {
  const instances = new Map<number, Map<number, ResourceShape>>();
  for (const { path, value } of entries) {
    if (!isWithin(path, at)) fail(`${pathText(path)} is not within ${pathText(at)}`);
    const [, instanceId, resourceId, resourceInstanceId] = path;
    if (instanceId === undefined) {
      if (value !== undefined) fail(`${pathText(path)} cannot hold a value`);
      continue;
    }
    let resources = instances.get(instanceId);
    if (!resources) instances.set(instanceId, (resources = new Map()));
    if (resourceId === undefined) {
      if (value !== undefined) fail(`${pathText(path)} cannot hold a value`);
      continue;
    }
    if (value === undefined) continue;
    let shape = resources.get(resourceId);
    if (!shape) resources.set(resourceId, (shape = {}));
    if (resourceInstanceId === undefined) shape.single = value;
    else (shape.instances ??= new Map()).set(resourceInstanceId, value);
    if (shape.single !== undefined && shape.instances) {
      fail(`${pathText(path.slice(0, 3))} has one value and also several instances`);
    }
  }
  const resourceNode = ([id, { single, instances: values }]: [number, ResourceShape]): ResourceNode =>
    values ? multiple(id, values) : resource(id, single as Value);
  const [objectId, instanceId, resourceId, resourceInstanceId] = at;
  if (objectId === undefined) return fail('the root is not one node');
  if (instanceId === undefined) {
    return object(
      objectId,
      [...instances].map(([id, resources]) => instance(id, [...resources].map(resourceNode))),
    );
  }
  const resources = instances.get(instanceId);
  if (resourceId === undefined) return instance(instanceId, [...(resources ?? [])].map(resourceNode));
  const shape = resources?.get(resourceId);
  if (resourceInstanceId === undefined) {
    return shape ? resourceNode([resourceId, shape]) : fail(`there is no value for ${pathText(at)}`);
  }
  const value = shape?.instances?.get(resourceInstanceId);
  return value === undefined
    ? fail(`there is no value for ${pathText(at)}`)
    : resourceInstance(resourceInstanceId, value);
}
