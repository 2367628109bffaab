import { codes } from '@mooring/coap';
import { type ObjectTree, type Outcome, objectShape, type ResourceNode, StoredInstance } from '@mooring/lwm2m';
import { versionText } from '@mooring/manifest';
import type { Software } from '../software.ts';

/** Pelion's Firmware Update. Every value goes to the server by itself when it changes. */
const pelionShape = objectShape(10252, [
  { id: 1, type: 'opaque', operations: 'E', name: 'Package' },
  { id: 2, type: 'integer', operations: 'R', name: 'State', autoObserved: true, published: true },
  { id: 3, type: 'integer', operations: 'R', name: 'UpdateResult', autoObserved: true, published: true },
  { id: 5, type: 'string', operations: 'R', name: 'PkgName', autoObserved: true, published: true },
  { id: 6, type: 'string', operations: 'R', name: 'PkgVersion', autoObserved: true, published: true },
  { id: 9, type: 'none', operations: 'E', name: 'Update' },
]);

/** Component Identity, as Pelion's clients from 4.8 on have it. */
const componentShape = objectShape(14, [
  { id: 0, type: 'string', operations: 'R', name: 'ComponentIdentity', autoObserved: true, published: true },
  { id: 2, type: 'string', operations: 'R', name: 'ComponentVersion', autoObserved: true, published: true },
]);

/** Firmware Update of OMA LwM2M 1.0, Appendix E.6. The package is a signed manifest here too, or the URI of one. */
const standardShape = objectShape(5, [
  { id: 0, type: 'opaque', operations: 'W' },
  { id: 1, type: 'string', operations: 'RW' },
  { id: 2, type: 'none', operations: 'E' },
  { id: 3, type: 'integer', operations: 'R', observable: true },
  { id: 5, type: 'integer', operations: 'R', observable: true },
  { id: 6, type: 'string', operations: 'R' },
  { id: 7, type: 'string', operations: 'R' },
  { id: 8, type: 'integer', operations: 'R', multiple: true },
  { id: 9, type: 'integer', operations: 'R' },
]);

/** `/10252/0/2` */
export const states = {
  idle: 1,
  processing: 2,
  awaitingDownload: 3,
  downloading: 4,
  downloaded: 5,
  awaitingInstall: 6,
  installing: 7,
  restarting: 8,
} as const;

/** `/5/0/3` by that. */
const standardStates: Readonly<Record<number, number>> = {
  [states.downloading]: 1,
  [states.downloaded]: 2,
  [states.awaitingInstall]: 2,
  [states.installing]: 3,
  [states.restarting]: 3,
};

/** `/5/0/5` */
export const standardResults = {
  initial: 0,
  success: 1,
  noSpace: 2,
  connectionLost: 4,
  integrity: 5,
  unsupported: 6,
  invalidUri: 7,
  failed: 8,
} as const;

export interface OrdersTaken {
  /** A manifest came. */
  package(manifest: Uint8Array, from: 'pelion' | 'standard'): void;
  /** The address of a manifest came. */
  packageUri(uri: string): void;
  /** Install what was downloaded; false where nothing waits for that. */
  install(): boolean;
}

/** More is no manifest. */
const largestManifest = 64 * 1024;

class PelionUpdate extends StoredInstance {
  readonly #taken: OrdersTaken;

  constructor(taken: OrdersTaken) {
    super([
      [2, states.idle],
      [3, -1],
      [5, '-1'],
      [6, '-1'],
    ]);
    this.#taken = taken;
  }

  override write(): Outcome {
    return codes.methodNotAllowed;
  }

  execute(resourceId: number, payload: Uint8Array): Outcome {
    if (resourceId === 9) {
      this.#taken.install();
      return undefined;
    }
    if (resourceId !== 1) return codes.methodNotAllowed;
    if (payload.length > largestManifest) return codes.requestEntityTooLarge;
    // Good or bad: the result says so.
    this.#taken.package(new Uint8Array(payload), 'pelion');
    return undefined;
  }
}

class StandardUpdate extends StoredInstance {
  readonly #taken: OrdersTaken;

  constructor(taken: OrdersTaken) {
    super([
      [1, ''],
      [3, 0],
      [5, standardResults.initial],
      [
        8,
        new Map([
          [0, 0],
          [1, 2],
          [2, 3],
        ]),
      ],
      [9, 2],
    ]);
    this.#taken = taken;
  }

  override write(resources: readonly ResourceNode[]): Outcome {
    for (const one of resources) {
      if (one.kind !== 'resource') return codes.badRequest;
      if (one.id === 0 && one.value instanceof Uint8Array) {
        if (one.value.length > largestManifest) return codes.requestEntityTooLarge;
        this.#taken.package(new Uint8Array(one.value), 'standard');
      } else if (one.id === 1 && typeof one.value === 'string') {
        this.set(1, one.value);
        if (one.value !== '') this.#taken.packageUri(one.value);
      } else return codes.methodNotAllowed;
    }
    return undefined;
  }

  execute(resourceId: number): Outcome {
    return resourceId === 2 && this.#taken.install() ? undefined : codes.methodNotAllowed;
  }
}

/** The objects of updates of one device, and what they say. */
export class UpdateObjects {
  readonly #pelion: PelionUpdate;
  readonly #standard: StandardUpdate;
  readonly #component = new StoredInstance([
    [0, 'MAIN'],
    [2, '0.0.0'],
  ]);

  constructor(tree: ObjectTree, taken: OrdersTaken) {
    this.#pelion = new PelionUpdate(taken);
    this.#standard = new StandardUpdate(taken);
    for (const [shape, instance] of [
      [pelionShape, this.#pelion],
      [componentShape, this.#component],
      [standardShape, this.#standard],
    ] as const) {
      tree.addObject(shape);
      tree.addInstance(shape.id, 0, instance);
    }
  }

  /** What runs; undefined before the first update. */
  runs(software: Software | undefined): void {
    const values = [
      [5, software?.digest ?? '-1'],
      [6, software ? `${software.version}` : '-1'],
    ] as const;
    for (const [id, value] of values) if (this.#pelion.read(id) !== value) this.#pelion.set(id, value);
    const version = (software && versionText(software.version)) ?? '0.0.0';
    if (this.#component.read(2) !== version) this.#component.set(2, version);
    this.#standard.set(6, software?.digest ?? '');
    this.#standard.set(7, software ? version : '');
  }

  state(state: number): void {
    if (this.#pelion.read(2) !== state) this.#pelion.set(2, state);
    const standard = standardStates[state] ?? 0;
    if (this.#standard.read(3) !== standard) this.#standard.set(3, standard);
  }

  /** @param standard what object 5 says of it */
  result(result: number, standard: number): void {
    this.#pelion.set(3, result);
    this.#standard.set(5, standard);
  }
}
