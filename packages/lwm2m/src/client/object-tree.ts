import type { Operations } from '../definitions/definition.ts';
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
import type { Path } from '../model/path.ts';
import type { ResourceType, Value } from '../model/value.ts';
import type { InstanceSource } from './instance-source.ts';

/** A resource as a device has it. One shape serves any number of devices. */
export interface ResourceShape {
  readonly id: number;
  readonly type: ResourceType;
  readonly operations: Operations;
  readonly multiple?: boolean;
  /** `rt` of its link: Pelion's name of the resource. */
  readonly name?: string;
  /** Its link says that it can be observed. */
  readonly observable?: boolean;
  /** The device notifies of itself, from the registration on. Pelion's own. */
  readonly autoObserved?: boolean;
  /** Its link carries the value. Pelion's own. */
  readonly published?: boolean;
}

export interface ObjectShape {
  readonly id: number;
  /** Where it is not 1.0. */
  readonly version?: string;
  readonly resources: ReadonlyMap<number, ResourceShape>;
}

export const objectShape = (id: number, resources: readonly ResourceShape[], version?: string): ObjectShape => ({
  id,
  resources: new Map(resources.map((one) => [one.id, one])),
  ...(version === undefined ? {} : { version }),
});

/** Makes and removes instances where a server may. */
export interface InstanceFactory {
  /** A source for a new instance with these resources; undefined refuses. */
  create(instanceId: number, resources: readonly ResourceNode[]): InstanceSource | undefined;
  /** False refuses. */
  remove(instanceId: number): boolean;
}

export interface DeviceObject {
  readonly shape: ObjectShape;
  readonly factory: InstanceFactory | undefined;
  readonly instances: Map<number, InstanceSource>;
}

export interface TreeListener {
  /** A value changed, at a resource or a resource instance. */
  valueChanged(path: Path): void;
  /** Objects or instances came or went. */
  structureChanged(): void;
}

/** Everything that a device has, by object and instance. */
export class ObjectTree {
  readonly objects = new Map<number, DeviceObject>();
  #listener: TreeListener | undefined;

  /** Who is told of changes; one at a time. */
  listen(listener: TreeListener | undefined): void {
    this.#listener = listener;
  }

  addObject(shape: ObjectShape, factory?: InstanceFactory): void {
    this.objects.set(shape.id, { shape, factory, instances: new Map() });
    this.#listener?.structureChanged();
  }

  /** Adds an instance to an object that is there. */
  addInstance(objectId: number, instanceId: number, source: InstanceSource): void {
    const found = this.objects.get(objectId);
    if (!found) throw new Error(`There is no object ${objectId}.`);
    found.instances.set(instanceId, source);
    source.attach?.((resourceId) => this.changed([objectId, instanceId, resourceId]));
    this.#listener?.structureChanged();
  }

  removeInstance(objectId: number, instanceId: number): void {
    if (this.objects.get(objectId)?.instances.delete(instanceId)) this.#listener?.structureChanged();
  }

  /** To be called by whoever changes a value behind the tree. */
  changed(path: Path): void {
    this.#listener?.valueChanged(path);
  }

  source([objectId = -1, instanceId = -1]: Path): InstanceSource | undefined {
    return this.objects.get(objectId)?.instances.get(instanceId);
  }

  shape([objectId = -1, , resourceId = -1]: Path): ResourceShape | undefined {
    return this.objects.get(objectId)?.shape.resources.get(resourceId);
  }

  /** Whether there is something at the path, readable or not. */
  has(path: Path): boolean {
    const [objectId = -1, instanceId, resourceId, resourceInstanceId] = path;
    const found = this.objects.get(objectId);
    if (!found || instanceId === undefined) return found !== undefined;
    const source = found.instances.get(instanceId);
    if (!source || resourceId === undefined) return source !== undefined;
    const shape = found.shape.resources.get(resourceId);
    if (!shape) return false;
    if (resourceInstanceId === undefined) return !isReadable(shape) || source.read(resourceId) !== undefined;
    const values = source.read(resourceId);
    return values instanceof Map && values.has(resourceInstanceId);
  }

  /** What a server may read there; undefined where there is nothing, or nothing to read. */
  read(path: Path): Node | undefined {
    const [objectId = -1, instanceId, resourceId, resourceInstanceId] = path;
    const found = this.objects.get(objectId);
    if (!found) return undefined;
    if (instanceId === undefined) {
      return object(
        objectId,
        [...found.instances].map(([id, source]) => readInstance(found.shape, id, source)),
      );
    }
    const source = found.instances.get(instanceId);
    if (!source) return undefined;
    if (resourceId === undefined) return readInstance(found.shape, instanceId, source);
    const shape = found.shape.resources.get(resourceId);
    const node = shape && readResource(shape, source);
    if (!node || resourceInstanceId === undefined) return node;
    const value = node.kind === 'multiple' ? node.values.get(resourceInstanceId) : undefined;
    return value === undefined ? undefined : resourceInstance(resourceInstanceId, value);
  }
}

export const isReadable = ({ operations }: ResourceShape): boolean => operations === 'R' || operations === 'RW';
export const isWritable = ({ operations }: ResourceShape): boolean => operations === 'W' || operations === 'RW';

function readResource(shape: ResourceShape, source: InstanceSource): ResourceNode | undefined {
  if (!isReadable(shape)) return undefined;
  const value = source.read(shape.id);
  if (value === undefined) return undefined;
  return value instanceof Map ? multiple(shape.id, value) : resource(shape.id, value as Value);
}

function readInstance(shape: ObjectShape, id: number, source: InstanceSource): InstanceNode {
  const resources: ResourceNode[] = [];
  for (const one of shape.resources.values()) {
    const node = readResource(one, source);
    if (node) resources.push(node);
  }
  return instance(id, resources);
}
