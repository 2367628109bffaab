import { type Link, parseLinks } from '../formats/link-format.ts';
import { pathOfSegments } from '../model/path.ts';

/** What a client says in answer to Bootstrap-Discover (OMA LwM2M 1.1 §6.1.7.3). */
export interface DiscoveredAccounts {
  /** `lwm2m` of the root's link. */
  readonly version: string | undefined;
  /** Instances of object 0 that are taken, with the short id of their server; the bootstrap server's has none. */
  readonly security: ReadonlyMap<number, number | undefined>;
  readonly servers: ReadonlyMap<number, number | undefined>;
}

const shortId = (link: Link): number | undefined => {
  const value = link.attributes.get('ssid');
  return typeof value === 'string' && /^[0-9]{1,5}$/.test(value) ? Number(value) : undefined;
};

export function parseDiscoveredAccounts(payload: Uint8Array): DiscoveredAccounts {
  let version: string | undefined;
  const [security, servers] = [new Map<number, number | undefined>(), new Map<number, number | undefined>()];
  for (const link of parseLinks(payload)) {
    const enabler = link.attributes.get('lwm2m');
    if (typeof enabler === 'string') version ??= enabler;
    const path = pathOfSegments(link.target.split('/').filter((segment) => segment !== ''));
    const [objectId, instanceId] = path ?? [];
    if (instanceId === undefined || path?.length !== 2) continue;
    if (objectId === 0) security.set(instanceId, shortId(link));
    if (objectId === 1) servers.set(instanceId, shortId(link));
  }
  return { version, security, servers };
}

/**
 * Where the accounts go. Instances of object 0 that have no short id are the bootstrap server's own and stay; where the
 * client tells nothing, that is taken to be instance 0, as usual.
 */
export function freeInstances(discovered: DiscoveredAccounts | undefined, count: number): number[] {
  const taken = new Set<number>();
  if (!discovered || discovered.security.size === 0) taken.add(0);
  for (const [id, server] of discovered?.security ?? []) if (server === undefined) taken.add(id);
  const free: number[] = [];
  for (let id = 0; free.length < count; id++) if (!taken.has(id)) free.push(id);
  return free;
}
