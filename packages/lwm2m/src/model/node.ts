import type { Path } from './path.ts';
import type { Value } from './value.ts';

/** What a path of a device holds, as a tree: what reads answer and writes carry. */
export type Node = ObjectNode | InstanceNode | ResourceNode | ResourceInstanceNode;

export interface ObjectNode {
  readonly kind: 'object';
  readonly id: number;
  readonly instances: readonly InstanceNode[];
}

export interface InstanceNode {
  readonly kind: 'instance';
  readonly id: number;
  readonly resources: readonly ResourceNode[];
}

export type ResourceNode = SingleResource | MultipleResource;

export interface SingleResource {
  readonly kind: 'resource';
  readonly id: number;
  readonly value: Value;
}

/** A resource that may have several instances, by their numbers; it can have none. */
export interface MultipleResource {
  readonly kind: 'multiple';
  readonly id: number;
  readonly values: ReadonlyMap<number, Value>;
}

export interface ResourceInstanceNode {
  readonly kind: 'resource instance';
  readonly id: number;
  readonly value: Value;
}

/** One value with its whole path, of a resource or a resource instance. */
export interface Entry {
  readonly path: Path;
  readonly value: Value;
  /** Seconds since 1970, where the format carries the time of the value. */
  readonly time?: number;
}

export const object = (id: number, instances: readonly InstanceNode[]): ObjectNode => ({
  kind: 'object',
  id,
  instances,
});

export const instance = (id: number, resources: readonly ResourceNode[]): InstanceNode => ({
  kind: 'instance',
  id,
  resources,
});

export const resource = (id: number, value: Value): SingleResource => ({ kind: 'resource', id, value });

export const multiple = (id: number, values: Iterable<readonly [number, Value]>): MultipleResource => ({
  kind: 'multiple',
  id,
  values: new Map(values),
});

export const resourceInstance = (id: number, value: Value): ResourceInstanceNode => ({
  kind: 'resource instance',
  id,
  value,
});

/** Everything that `at` holds, in order: values with their paths, and instances that have none. */
export function placesOf(at: Path, node: Node): { readonly path: Path; readonly value: Value | undefined }[] {
  switch (node.kind) {
    case 'object':
      return node.instances.flatMap((one) => placesOf([...at, one.id], one));
    case 'instance':
      if (node.resources.length === 0) return [{ path: at, value: undefined }];
      return node.resources.flatMap((one) => placesOf([...at, one.id], one));
    case 'multiple':
      return [...node.values].map(([id, value]) => ({ path: [...at, id], value }));
    default:
      return [{ path: at, value: node.value }];
  }
}

/** All values of what `at` holds, each with its path. Instances and multiple resources without any value leave no trace. */
export function entriesOf(at: Path, node: Node): Entry[] {
  const entries: Entry[] = [];
  for (const { path, value } of placesOf(at, node)) if (value !== undefined) entries.push({ path, value });
  return entries;
}
