import { codes } from '@mooring/coap';
import {
  type DeviceClient,
  type InstanceSource,
  ObjectTree,
  type Outcome,
  objectShape,
  pelionServerShape,
  type ResourceNode,
  type ResourceValue,
  ServerObjectInstance,
  StoredInstance,
} from '@mooring/lwm2m';
import { parseCertificate } from '@mooring/pki';
import type { Timers } from '@mooring/platform';
import type { Snapshot } from '../secure-storage/storage.ts';
import type { BestTime } from './best-time.ts';

/** Object 3, with the resources that Pelion's clients have; the values are those of provisioning. */
const deviceShape = objectShape(3, [
  { id: 0, type: 'string', operations: 'R', name: 'Manufacturer', autoObserved: true, published: true },
  { id: 1, type: 'string', operations: 'R', name: 'ModelNumber', autoObserved: true, published: true },
  { id: 2, type: 'string', operations: 'R', name: 'SerialNumber', autoObserved: true, published: true },
  { id: 4, type: 'none', operations: 'E', name: 'Reboot' },
  { id: 11, type: 'integer', operations: 'R', multiple: true, observable: true },
  { id: 13, type: 'time', operations: 'RW', observable: true },
  { id: 16, type: 'string', operations: 'R' },
  { id: 17, type: 'string', operations: 'R', autoObserved: true, published: true },
  { id: 18, type: 'string', operations: 'R', autoObserved: true, published: true },
  { id: 21, type: 'integer', operations: 'R', autoObserved: true, published: true },
]);

const metadataShape = objectShape(10255, [
  { id: 0, type: 'integer', operations: 'R', name: 'ProtocolSupported', autoObserved: true, published: true },
  { id: 3, type: 'opaque', operations: 'R', name: 'Vendor', autoObserved: true, published: true },
  { id: 4, type: 'opaque', operations: 'R', name: 'Class', autoObserved: true, published: true },
]);

/** With updates: which schemas of manifests it takes, and how long its update certificate lasts. Ours alone. */
const updatableShape = objectShape(10255, [
  ...metadataShape.resources.values(),
  { id: 26240, type: 'string', operations: 'R', name: 'ManifestSchemas', autoObserved: true, published: true },
  { id: 26241, type: 'string', operations: 'R', name: 'UpdateCertificate', autoObserved: true, published: true },
  { id: 26242, type: 'integer', operations: 'R', name: 'UpdateCertificateEnd', autoObserved: true, published: true },
]);

const enrolmentShape = objectShape(35011, [{ id: 27002, type: 'opaque', operations: 'E', name: 'Enroll' }]);

export interface DeviceObjectsWorld {
  readonly client: () => DeviceClient;
  readonly timers: Timers;
  readonly time: BestTime;
  /** The server wants the device to start anew. False where that is not possible. */
  reboot(): boolean;
  /** The server wants the certificate with this name to be renewed; the payload is its order. */
  renew(order: Uint8Array): Outcome;
  fault(error: unknown): void;
  /** The device takes updates. */
  readonly updatable: boolean;
}

/** What object 10255 says of the update certificate. */
export function certificateFacts(der: Uint8Array): [number, ResourceValue][] {
  const { fingerprint, notAfter } = parseCertificate(der);
  return [
    [26241, fingerprint],
    [26242, Math.floor(notAfter.getTime() / 1000)],
  ];
}

class DeviceInstance extends StoredInstance {
  readonly #world: DeviceObjectsWorld;

  constructor(values: Iterable<readonly [number, ResourceValue]>, world: DeviceObjectsWorld) {
    super(values);
    this.#world = world;
  }

  override read(resourceId: number): ResourceValue | undefined {
    return resourceId === 13 ? this.#world.time.now() : super.read(resourceId);
  }

  /** Only the time can be written: the server has proved who it is, so the device takes its word for it. */
  override write(resources: readonly ResourceNode[]): Outcome {
    for (const one of resources) {
      const isTime = one.id === 13 && one.kind === 'resource' && one.value instanceof Date;
      if (!isTime) return codes.methodNotAllowed;
      this.#world.time.vouched(one.value as Date).catch((error: unknown) => this.#world.fault(error));
    }
    return undefined;
  }

  execute(resourceId: number): Outcome {
    return resourceId === 4 && this.#world.reboot() ? undefined : codes.methodNotAllowed;
  }
}

/** What the device says of itself before applications add theirs. */
export async function deviceObjects(snapshot: Snapshot, world: DeviceObjectsWorld): Promise<ObjectTree> {
  const text = async (name: string) => {
    const item = await snapshot.get(name);
    return item && Buffer.from(item.data).toString('utf8');
  };
  const values: [number, ResourceValue][] = [
    [11, new Map([[0, 0]])],
    [16, 'U'],
  ];
  const named: [number, string][] = [
    [0, 'mbed.Manufacturer'],
    [1, 'mbed.ModelNumber'],
    [2, 'mbed.SerialNumber'],
    [17, 'mbed.DeviceType'],
    [18, 'mbed.HardwareVersion'],
  ];
  for (const [id, name] of named) {
    const value = await text(name);
    // As the real client does: what is longer than an object 3 should have is left out.
    if (value !== undefined && value.length <= longestText) values.push([id, value]);
  }
  const memory = (await snapshot.get('mbed.MemoryTotalKB'))?.data;
  values.push([21, memory?.length === 4 ? Buffer.from(memory).readUInt32LE() : 0]);

  const tree = new ObjectTree();
  tree.addObject(pelionServerShape);
  tree.addInstance(1, 0, new ServerObjectInstance(world.client, world.timers, 1, 'U'));
  tree.addObject(deviceShape);
  tree.addInstance(3, 0, new DeviceInstance(values, world));
  const identity: [number, ResourceValue][] = [[0, world.updatable ? 4 : 3]];
  for (const [id, name] of [
    [3, 'mbed.VendorId'],
    [4, 'mbed.ClassId'],
  ] as const) {
    const item = await snapshot.get(name);
    if (item) identity.push([id, item.data]);
  }
  if (world.updatable) {
    identity.push([26240, '1 3']);
    const certificate = await snapshot.get('mbed.UpdateAuthCert');
    if (certificate) identity.push(...certificateFacts(certificate.data));
  }
  tree.addObject(world.updatable ? updatableShape : metadataShape);
  tree.addInstance(10255, 0, new StoredInstance(identity));
  tree.addObject(enrolmentShape);
  const enrolment: InstanceSource = { read: () => undefined, execute: (_id, payload) => world.renew(payload) };
  tree.addInstance(35011, 0, enrolment);
  return tree;
}

const longestText = 64;
