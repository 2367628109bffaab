/*
 * The tables of the device directory; kept as those of schema.ts are.
 */

export type DeviceState = 'unenrolled' | 'cloud_enrolling' | 'bootstrapped' | 'registered' | 'deregistered';

export interface DevicesTable {
  /** Also the internal endpoint name: the L of the device's LwM2M certificate. */
  id: string;
  account_id: string;
  endpoint_name: string;
  name: string;
  state: DeviceState;
  lifecycle_status: 'enabled' | 'blocked';
  /** 0 unspecified, 1 developer certificate, 5 production. */
  device_execution_mode: number;
  mechanism: 'connector' | 'direct';
  /** 0 or 1. */
  auto_update: number;
  /** 0 or 1. */
  operator_suspended: number;
  created_at: number;
  /** Grows with every change, by a millisecond at least: it is the etag as well. */
  updated_at: number;
  description: string | null;
  /** The trusted certificate that the device came with. */
  ca_id: string | null;
  /** SHA-256 of the certificate that the device came with: pairs of upper-case hex digits with colons between. */
  device_key: string | null;
  /** SHA-256 of the certificate that signed that one, 64 upper-case hex digits. */
  issuer_fingerprint: string | null;
  /** Midnight of the day. */
  bootstrap_expiration: number | null;
  /** Midnight of the day. */
  connector_expiration: number | null;
  bootstrapped_at: number | null;
  /** 32 lower-case hex digits where the device told a UUID. */
  device_class: string | null;
  /** 32 lower-case hex digits where the device told a UUID. */
  vendor_id: string | null;
  serial_number: string | null;
  endpoint_type: string | null;
  firmware_checksum: string | null;
  manifest: string | null;
  manifest_at: number | null;
  mechanism_url: string | null;
  deployment: string | null;
  host_gateway: string | null;
  enrolled_at: number | null;
  operator_suspended_category: string | null;
  operator_suspended_at: number | null;
  operator_suspended_description: string | null;
}

export interface AttributesTable {
  account_id: string;
  /** A device, a device group. */
  owner_id: string;
  key: string;
  value: string;
}

export interface DeviceGroupsTable {
  id: string;
  account_id: string;
  name: string;
  description: string | null;
  devices_count: number;
  created_at: number;
  updated_at: number;
}

export interface DeviceGroupMembersTable {
  account_id: string;
  group_id: string;
  device_id: string;
}

export interface DeviceQueriesTable {
  id: string;
  account_id: string;
  name: string;
  /** In the filter language. */
  query: string;
  created_at: number;
  updated_at: number;
}

export interface DeviceCountsTable {
  account_id: string;
  /** An account, or a trusted certificate. */
  subject_id: string;
  devices: number;
}

export interface DeviceEventsTable {
  id: string;
  account_id: string;
  device_id: string;
  event_type: string;
  status: 'SUCCESS' | 'FAIL' | 'SKIPPED' | 'INFO';
  category: string | null;
  description: string;
  /** 0 or 1. */
  state_change: number;
  /** A map of texts. */
  data_json: string;
  at: number;
}

export interface RegistrationsTable {
  device_id: string;
  account_id: string;
  /** Path that updates and deregistration repeat, without a slash at its ends: `rd/<account>/<device>`. */
  location: string;
  endpoint_name: string;
  endpoint_type: string | null;
  /** Seconds. */
  lifetime: number;
  expires_at: number;
  /** `1.0` or `1.1`. */
  version: string;
  binding: string;
  /** 0 or 1. */
  queue_mode: number;
  /** Where the device was last heard from. */
  address: string | null;
  resources_json: string;
  /** Where the objects stand; null for `/`. */
  root: string | null;
  /** Numbers of the content formats that the device named; null for none. */
  formats_json: string | null;
  registered_at: number;
  updated_at: number;
}

export interface DeviceCredentialsTable {
  /** SHA-256 of the certificate, lower-case hex. */
  fingerprint: string;
  account_id: string;
  device_id: string;
  authority_id: string;
  /** Lower-case hex. */
  serial: string;
  not_after: number;
  issued_at: number;
  /** When the device first came with it. */
  used_at: number | null;
}

export interface EnrolmentsTable {
  id: string;
  account_id: string;
  /** As it was given. */
  identity: string;
  /** SHA-256 of the device's certificate, lower-case hex: what the identity says. */
  fingerprint: string;
  created_at: number;
  claimed_at: number | null;
  device_id: string | null;
  expires_at: number | null;
  etag: number;
}

export interface EnrolmentJobsTable {
  id: string;
  account_id: string;
  kind: 'upload' | 'delete';
  status: 'new' | 'processing' | 'completed';
  /** Who asked for it, for the audit record. */
  actor_json: string;
  /** The file, as long as there is something to do with it. */
  input: Uint8Array | null;
  total_count: number;
  processed_count: number;
  errors_count: number;
  created_at: number;
  completed_at: number | null;
  etag: number;
}

/** What came of each identity in the file. */
export interface EnrolmentJobLinesTable {
  account_id: string;
  job_id: string;
  /** In the file, the header being line 1. */
  line: number;
  identity: string;
  done_at: number;
  /** A code of the registry's errors. */
  error: string | null;
}

export interface DenialsTable {
  id: string;
  account_id: string;
  /** As the device gave it. */
  endpoint_name: string;
  trusted_certificate_id: string | null;
  reason: string;
  /** Of the certificate that was shown, lower-case hex. */
  fingerprint: string | null;
  address: string | null;
  /** How many attempts of the same kind this record stands for. */
  attempts: number;
  created_at: number;
  last_at: number;
}

export interface PreSharedKeysTable {
  id: string;
  account_id: string;
  endpoint_name: string;
  /** Under the vault, context `pre_shared_keys/<id>/secret`. */
  secret_sealed: Uint8Array;
  created_at: number;
}

export interface CertificateRenewalsTable {
  id: string;
  account_id: string;
  device_id: string;
  certificate_name: string;
  status: 'new' | 'completed';
  result: 'success' | 'failure' | null;
  detail: string | null;
  created_at: number;
  updated_at: number;
  etag: number;
}

/** What is counted per account and five minutes, by the names of the contract. */
export const usageMetrics = [
  'transactions',
  'full_registrations',
  'registration_updates',
  'deleted_registrations',
  'expired_registrations',
  'bootstraps_successful',
  'bootstraps_failed',
  'bootstraps_pending',
  'handshakes_successful',
  'connect_rest_api_success',
  'connect_rest_api_error',
  'device_proxy_request_success',
  'device_proxy_request_error',
  'device_subscription_request_success',
  'device_subscription_request_error',
  'device_observations',
] as const;

export type UsageMetric = (typeof usageMetrics)[number];

export type UsageCountsTable = { account_id: string; at: number } & Record<UsageMetric, number>;

export interface DeviceSchema {
  devices: DevicesTable;
  device_attributes: AttributesTable;
  device_groups: DeviceGroupsTable;
  device_group_attributes: AttributesTable;
  device_group_members: DeviceGroupMembersTable;
  device_queries: DeviceQueriesTable;
  device_counts: DeviceCountsTable;
  device_events: DeviceEventsTable;
  registrations: RegistrationsTable;
  device_credentials: DeviceCredentialsTable;
  enrolments: EnrolmentsTable;
  enrolment_jobs: EnrolmentJobsTable;
  enrolment_job_lines: EnrolmentJobLinesTable;
  denials: DenialsTable;
  pre_shared_keys: PreSharedKeysTable;
  certificate_renewals: CertificateRenewalsTable;
  usage_counts: UsageCountsTable;
}
