import type { Code } from '@mooring/coap';
import type { ResourceNode } from '../model/node.ts';
import type { Value } from '../model/value.ts';

/** A value, or those of a resource with several instances. */
export type ResourceValue = Value | ReadonlyMap<number, Value>;

/** Nothing where it was done, else the code that the server hears. */
export type Outcome = Code | undefined;

/** Behind one instance of an object: where its values come from, and what happens when a server writes and executes. */
export interface InstanceSource {
  /** Undefined where there is no value now. */
  read(resourceId: number): ResourceValue | undefined;
  /**
   * All that one request writes, and the resources that go with it because an instance is replaced by one without them.
   * `update` puts instances of a resource beside those that are there. Without this method nothing can be written.
   */
  write?(
    resources: readonly ResourceNode[],
    mode: 'replace' | 'update',
    dropped: readonly number[],
  ): Outcome | Promise<Outcome>;
  /** `payload`: arguments as text (`0='a',1`), or whatever the resource takes. */
  execute?(resourceId: number, payload: Uint8Array): Outcome | Promise<Outcome>;
  /** Given once, when the instance comes into a tree: to be called with each resource whose value changed. */
  attach?(changed: (resourceId: number) => void): void;
}

/** An instance whose values are kept here. */
export class StoredInstance implements InstanceSource {
  readonly #values: Map<number, ResourceValue>;
  #changed: ((resourceId: number) => void) | undefined;

  constructor(values: Iterable<readonly [number, ResourceValue]>) {
    this.#values = new Map(values);
  }

  attach(changed: (resourceId: number) => void): void {
    this.#changed = changed;
  }

  read(resourceId: number): ResourceValue | undefined {
    return this.#values.get(resourceId);
  }

  /** Sets a value as the device itself does; undefined takes it away. */
  set(resourceId: number, value: ResourceValue | undefined): void {
    if (value === undefined) this.#values.delete(resourceId);
    else this.#values.set(resourceId, value);
    this.#changed?.(resourceId);
  }

  write(resources: readonly ResourceNode[], mode: 'replace' | 'update', dropped: readonly number[]): Outcome {
    for (const id of dropped) this.set(id, undefined);
    for (const one of resources) {
      const before = mode === 'update' && one.kind === 'multiple' ? this.#values.get(one.id) : undefined;
      if (one.kind === 'resource') this.set(one.id, one.value);
      else this.set(one.id, before instanceof Map ? new Map([...before, ...one.values]) : one.values);
    }
    return undefined;
  }
}
