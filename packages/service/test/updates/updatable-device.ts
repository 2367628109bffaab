import { codes } from '@mooring/coap';
import { type InstanceSource, type ObjectTree, objectShape, type ResourceValue, StoredInstance } from '@mooring/lwm2m';
import { type Carried, TestDevice } from '../devices/devices-fixture.ts';
import { deviceClass, vendor } from './manifests.ts';

/** What the update resources of a device hold and take. */
class FirmwareInstance implements InstanceSource {
  readonly manifests: Uint8Array[] = [];
  readonly values: StoredInstance;
  /** What it answers to a manifest. */
  answer: number | undefined;
  took: ((manifest: Uint8Array) => void) | undefined;

  constructor(values: Iterable<readonly [number, ResourceValue]>) {
    this.values = new StoredInstance(values);
  }

  attach(changed: (resourceId: number) => void): void {
    this.values.attach(changed);
  }

  read(resourceId: number): ResourceValue | undefined {
    return this.values.read(resourceId);
  }

  execute(_resourceId: number, payload: Uint8Array) {
    this.manifests.push(payload);
    if (this.answer !== undefined) return this.answer as never;
    // After the answer, as a client does its work.
    setTimeout(() => this.took?.(payload), 0);
    return undefined;
  }
}

const told = { operations: 'R', autoObserved: true, published: true } as const;

/** A device of Pelion's kind that can be updated; what it does with a manifest is the test's to say. */
export class UpdatableDevice extends TestDevice {
  readonly firmware: FirmwareInstance;
  readonly component: StoredInstance;

  constructor(carried: Carried, kind: 'v1' | 'v3' = 'v3', running = kind === 'v3' ? '1.0.0' : '-1') {
    const isNew = kind === 'v3';
    const firmware = new FirmwareInstance([
      [2, 1],
      [3, -1],
      ...(isNew
        ? []
        : ([
            [5, running],
            [6, -1],
          ] as [number, ResourceValue][])),
    ]);
    const component = new StoredInstance([
      [0, 'MAIN'],
      [2, isNew ? running : '0.0.0'],
    ]);
    super(carried, isNew ? '4.13' : '4.1', (tree: ObjectTree) => {
      tree.addObject(
        objectShape(10252, [
          { id: 1, type: 'opaque', operations: 'E' },
          { id: 2, type: 'integer', ...told },
          { id: 3, type: 'integer', ...told },
          ...(isNew
            ? []
            : ([
                { id: 5, type: 'string', ...told },
                { id: 6, type: 'integer', ...told },
              ] as const)),
        ]),
      );
      tree.addInstance(10252, 0, firmware);
      tree.addObject(
        objectShape(10255, [
          { id: 0, type: 'integer', ...told },
          { id: 3, type: 'opaque', ...told },
          { id: 4, type: 'opaque', ...told },
        ]),
      );
      const metadata = [
        [0, isNew ? 4 : 3],
        [3, vendor],
        [4, deviceClass],
      ] as [number, ResourceValue][];
      tree.addInstance(10255, 0, new StoredInstance(metadata));
      if (!isNew) return;
      tree.addObject(
        objectShape(14, [
          { id: 0, type: 'string', operations: 'R', published: true },
          { id: 2, type: 'string', operations: 'R', published: true },
        ]),
      );
      tree.addInstance(14, 0, component);
    });
    this.firmware = firmware;
    this.component = component;
  }

  state(value: number): void {
    this.firmware.values.set(2, value);
  }

  result(value: number): void {
    this.firmware.values.set(3, value);
  }

  get manifests(): readonly Uint8Array[] {
    return this.firmware.manifests;
  }

  /** Refuses the next manifests on CoAP's level. */
  refuse(): void {
    this.firmware.answer = codes.methodNotAllowed;
  }
}
