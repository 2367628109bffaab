/*
 * The tables of the connect interface; kept as those of schema.ts are.
 */

export type ChannelKind = 'LONG_POLLING' | 'CALLBACK' | 'WEB_SOCKET';

/** Which list of a NotificationMessage an entry goes to. */
export type MessagePart =
  | 'notifications'
  | 'registrations'
  | 'reg-updates'
  | 'de-registrations'
  | 'registrations-expired'
  | 'async-responses';

export interface NotificationChannelsTable {
  /** One channel an API key. */
  api_key_id: string;
  account_id: string;
  kind: ChannelKind;
  url: string | null;
  /** JSON under the vault, context `notification_channels/<api key>/headers`: they are there to hold secrets. */
  headers_sealed: Uint8Array | null;
  serialization_json: string;
  created_at: number;
  /** When it was last polled, had a socket, or took a delivery. */
  alive_at: number;
}

export interface NotificationsTable {
  id: string;
  account_id: string;
  api_key_id: string;
  part: MessagePart;
  /** The entry with all that a channel may want of it. */
  body_json: string;
  bytes: number;
  at: number;
}

export interface SubscriptionsTable {
  account_id: string;
  device_id: string;
  path: string;
  api_key_id: string;
  /** 1 for a presubscription's, which stays over a registration. */
  by_rule: number;
  created_at: number;
}

export interface PresubscriptionsTable {
  account_id: string;
  api_key_id: string;
  position: number;
  endpoint_name: string | null;
  endpoint_type: string | null;
  /** Null for all observable resources. */
  paths_json: string | null;
}

export interface DeviceRequestsTable {
  id: string;
  account_id: string;
  api_key_id: string;
  device_id: string;
  /** The caller's own word for it. */
  async_id: string;
  method: string;
  /** With its query. */
  uri: string;
  accept: number | null;
  content_format: number | null;
  payload: Uint8Array;
  /** Attempts after the first that are left. */
  retries: number;
  expires_at: number;
  created_at: number;
}

export interface ConnectSchema {
  notification_channels: NotificationChannelsTable;
  notifications: NotificationsTable;
  subscriptions: SubscriptionsTable;
  presubscriptions: PresubscriptionsTable;
  device_requests: DeviceRequestsTable;
}
