import type { InstanceNode, Node, ResourceNode } from '../model/node.ts';
import { resource } from '../model/node.ts';
import type { Path } from '../model/path.ts';
import type { Value } from '../model/value.ts';

type Resources = ReadonlyMap<number, ResourceNode>;
type Instances = ReadonlyMap<number, Resources>;

/** What a client has of its servers (objects 0 and 1) and what else it is bootstrapped with, by object and instance. */
export type AccountsDraft = ReadonlyMap<number, Instances>;

export const noAccounts: AccountsDraft = new Map();

const resourcesOf = ({ resources }: InstanceNode): Resources => new Map(resources.map((one) => [one.id, one]));

/** With what a bootstrap server writes to `at`: whole instances are replaced, single resources put beside the others. */
export function written(draft: AccountsDraft, at: Path, node: Node): AccountsDraft {
  const [objectId = 0, instanceId = 0, resourceId = 0] = at;
  const instances = new Map(draft.get(objectId));
  switch (node.kind) {
    case 'object':
      for (const one of node.instances) instances.set(one.id, resourcesOf(one));
      break;
    case 'instance':
      instances.set(instanceId, resourcesOf(node));
      break;
    case 'resource instance':
      instances.set(instanceId, new Map(instances.get(instanceId)).set(resourceId, resource(resourceId, node.value)));
      break;
    default:
      instances.set(instanceId, new Map(instances.get(instanceId)).set(resourceId, node));
  }
  return new Map(draft).set(objectId, instances);
}

export const singleValue = (resources: Resources | undefined, id: number): Value | undefined => {
  const found = resources?.get(id);
  return found?.kind === 'resource' ? found.value : undefined;
};

/** The account of the bootstrap server itself, which no DELETE takes away (OMA LwM2M 1.1 §6.1.7.6). */
const isBootstrapServer = (resources: Resources): boolean => singleValue(resources, 1) === true;

/** Without what stands at `at`: everything, an object's instances, one instance. Undefined where that cannot go. */
export function removed(draft: AccountsDraft, at: Path): AccountsDraft | undefined {
  const [objectId, instanceId] = at;
  if (objectId === undefined) {
    return new Map([...draft.keys()].map((id) => [id, kept(draft.get(id) ?? new Map(), id)]));
  }
  const instances = draft.get(objectId);
  // Nothing to delete in an object is no failure.
  if (instanceId === undefined) return instances ? new Map(draft).set(objectId, kept(instances, objectId)) : draft;
  const resources = instances?.get(instanceId);
  if (!resources || (objectId === 0 && isBootstrapServer(resources))) return undefined;
  const rest = new Map(instances);
  rest.delete(instanceId);
  return new Map(draft).set(objectId, rest);
}

const kept = (instances: Instances, objectId: number): Instances =>
  objectId === 0 ? new Map([...instances].filter(([, resources]) => isBootstrapServer(resources))) : new Map();

/** One server that a client was told of. Bytes are empty where nothing was given. */
export interface ClientAccount {
  readonly serverUri: string;
  /** See `securityModes`. */
  readonly securityMode: number;
  /** Certificate (DER), or identity of a pre-shared key. */
  readonly identity: Uint8Array;
  /** The server's certificate or authority, DER. */
  readonly serverCertificate: Uint8Array;
  readonly secretKey: Uint8Array;
  /** Certificate Usage of 1.1; 3 where nothing is said. */
  readonly certificateUsage: number;
  readonly shortServerId: number;
  /** Seconds, of the instance of object 1; undefined where there is none. */
  readonly lifetime: number | undefined;
  readonly binding: string | undefined;
}

const bytes = (value: Value | undefined): Uint8Array => (value instanceof Uint8Array ? value : new Uint8Array());
const number = (value: Value | undefined): number | undefined => (typeof value === 'number' ? value : undefined);
const text = (value: Value | undefined): string | undefined => (typeof value === 'string' ? value : undefined);

/** The servers to register with; the bootstrap server is none of them. */
export function clientAccounts(draft: AccountsDraft): ClientAccount[] {
  const servers = [...(draft.get(1)?.values() ?? [])];
  return [...(draft.get(0)?.values() ?? [])]
    .filter((security) => !isBootstrapServer(security))
    .map((security) => {
      const shortServerId = number(singleValue(security, 10)) ?? 1;
      const server = servers.find((one) => singleValue(one, 0) === shortServerId);
      return {
        serverUri: text(singleValue(security, 0)) ?? '',
        securityMode: number(singleValue(security, 2)) ?? -1,
        identity: bytes(singleValue(security, 3)),
        serverCertificate: bytes(singleValue(security, 4)),
        secretKey: bytes(singleValue(security, 5)),
        certificateUsage: number(singleValue(security, 15)) ?? 3,
        shortServerId,
        lifetime: number(singleValue(server, 1)),
        binding: text(singleValue(server, 7)),
      };
    });
}
