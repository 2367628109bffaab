import { type Code, codes } from '@mooring/coap';
import type { Timers } from '@mooring/platform';
import type { ResourceNode } from '../model/node.ts';
import type { DeviceClient } from './device-client.ts';
import type { InstanceSource, Outcome, ResourceValue } from './instance-source.ts';
import { type ObjectShape, objectShape } from './object-tree.ts';

/** Object 1 as Pelion's clients have it. */
export const pelionServerShape: ObjectShape = objectShape(1, [
  { id: 0, type: 'integer', operations: 'R', observable: true },
  { id: 1, type: 'integer', operations: 'RW', observable: true },
  { id: 4, type: 'none', operations: 'E' },
  { id: 6, type: 'boolean', operations: 'RW', observable: true },
  { id: 7, type: 'string', operations: 'RW', observable: true },
  { id: 8, type: 'none', operations: 'E' },
]);

/** Object 1 of LwM2M 1.0 and, as far as it concerns one server, 1.1. */
export const standardServerShape = (version: '1.0' | '1.1'): ObjectShape =>
  objectShape(
    1,
    [
      { id: 0, type: 'integer', operations: 'R' },
      { id: 1, type: 'integer', operations: 'RW' },
      { id: 2, type: 'integer', operations: 'RW' },
      { id: 3, type: 'integer', operations: 'RW' },
      { id: 4, type: 'none', operations: 'E' },
      { id: 5, type: 'integer', operations: 'RW' },
      { id: 6, type: 'boolean', operations: 'RW' },
      { id: 7, type: 'string', operations: 'RW' },
      { id: 8, type: 'none', operations: 'E' },
      ...(version === '1.1' ? [{ id: 9, type: 'none', operations: 'E' } as const] : []),
    ],
    version === '1.1' ? '1.1' : undefined,
  );

/** Seconds: what Disable waits where the server has set nothing (OMA LwM2M 1.1 Appendix E.2). */
const usualDisableTimeout = 86_400;

/**
 * The instance of object 1 that belongs to a device client: a write of the lifetime, and what a server triggers there, have
 * their effect on it, after the server has its answer.
 */
export class ServerObjectInstance implements InstanceSource {
  readonly #client: () => DeviceClient;
  readonly #timers: Timers;
  readonly #values: Map<number, ResourceValue>;
  #changed: ((resourceId: number) => void) | undefined;

  /** @param client asked for when it is needed: it is made with the tree in which this stands */
  constructor(client: () => DeviceClient, timers: Timers, shortServerId: number, binding: string) {
    this.#client = client;
    this.#timers = timers;
    this.#values = new Map<number, ResourceValue>([
      [0, shortServerId],
      [6, false],
      [7, binding],
    ]);
  }

  attach(changed: (resourceId: number) => void): void {
    this.#changed = changed;
  }

  read(resourceId: number): ResourceValue | undefined {
    return resourceId === 1 ? this.#client().lifetime : this.#values.get(resourceId);
  }

  write(resources: readonly ResourceNode[]): Outcome {
    for (const one of resources) if (one.kind !== 'resource' || isWrong(one.id, one.value)) return codes.badRequest;
    for (const one of resources) {
      if (one.kind !== 'resource') continue;
      if (one.id === 1) this.#afterwards((client) => client.setLifetime(Number(one.value)));
      else this.#values.set(one.id, one.value);
      this.#changed?.(one.id);
    }
    return undefined;
  }

  execute(resourceId: number): Outcome {
    switch (resourceId) {
      case 4: {
        const seconds = this.#values.get(5);
        const wait = typeof seconds === 'number' ? seconds : usualDisableTimeout;
        return this.#afterwards((client) => client.disable(wait * 1000));
      }
      case 8:
        return this.#afterwards((client) => client.updateNow());
      case 9:
        return this.#afterwards((client) => client.bootstrapNow());
      default:
        return codes.methodNotAllowed;
    }
  }

  #afterwards(run: (client: DeviceClient) => void): Code | undefined {
    this.#timers.after(0, () => run(this.#client()));
    return undefined;
  }
}

/** Times and periods are no negative numbers, and fit a Uri-Query. */
const isWrong = (id: number, value: unknown): boolean =>
  id !== 6 && id !== 7 && !(typeof value === 'number' && value >= 0 && value <= 0xffffffff);
