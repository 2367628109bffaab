import type { Row } from '../../storage/schema.ts';

/** A link of a registration (RFC 6690), as far as the service needs it. */
export interface RegisteredResource {
  /** `/3/0/13`. */
  readonly path: string;
  /** Resource type. */
  readonly rt?: string;
  /** It can be observed. */
  readonly obs?: boolean;
  /** Number under which the device notifies by itself; it changes with every registration. */
  readonly aobs?: number;
  readonly ct?: number;
  /** Value at registration, as it stood in the link. */
  readonly v?: string;
}

/** What a device has told with its last full registration and the updates since; it outlives connections. */
export interface Registration {
  readonly deviceId: string;
  readonly accountId: string;
  readonly endpointName: string;
  readonly endpointType: string | null;
  /** `rd/<account>/<device>`: what updates and deregistration repeat. */
  readonly location: string;
  /** Seconds. */
  readonly lifetime: number;
  /** Milliseconds since 1970, as all times here. */
  readonly expiresAt: number;
  /** Of LwM2M: `1.0`, `1.1`. */
  readonly version: string;
  readonly binding: string;
  readonly queueMode: boolean;
  /** Where it was last heard from. */
  readonly address: string | null;
  readonly resources: readonly RegisteredResource[];
  /** Where its objects stand: `/`, or an alternate path. */
  readonly root: string;
  /** Content formats that it named besides those that every device has. */
  readonly contentFormats: readonly number[];
  readonly registeredAt: number;
  readonly updatedAt: number;
}

/** @param known the resources, where they need not be read from the row */
export const registrationOf = (row: Row<'registrations'>, known?: readonly RegisteredResource[]): Registration => ({
  deviceId: row.device_id,
  accountId: row.account_id,
  endpointName: row.endpoint_name,
  endpointType: row.endpoint_type,
  location: row.location,
  lifetime: row.lifetime,
  expiresAt: row.expires_at,
  version: row.version,
  binding: row.binding,
  queueMode: row.queue_mode === 1,
  address: row.address,
  // Read when someone asks: an update of a registration seldom needs them, and they are long.
  get resources() {
    known ??= JSON.parse(row.resources_json) as RegisteredResource[];
    return known;
  },
  root: row.root ?? '/',
  contentFormats: row.formats_json === null ? [] : (JSON.parse(row.formats_json) as number[]),
  registeredAt: row.registered_at,
  updatedAt: row.updated_at,
});
