import type { Generated, Selectable } from 'kysely';
import type { ConnectSchema } from './connect-schema.ts';
import type { DeviceSchema } from './device-schema.ts';
import type { PeopleSchema } from './people-schema.ts';
import type { UpdateSchema } from './update-schema.ts';

/*
 * The tables. Every row names its account. Times are milliseconds since 1970, ids are 32 hexadecimal digits and sort
 * by creation, JSON is kept as text; so both databases hold the same values.
 */

export type AuthorityPurpose = 'bootstrap' | 'lwm2m' | 'developer' | 'https';

export interface AccountsTable {
  id: string;
  /** Equal to `id`, so that one rule fits every table. */
  account_id: string;
  display_name: string | null;
  email: string | null;
  /** `ENROLLING`, `ACTIVE`, `RESTRICTED` or `SUSPENDED`. */
  status: string;
  tier: string;
  end_market: string;
  aliases_json: string;
  /** Address, contact and what else of AccountInfo has no column of its own. */
  attributes_json: string;
  created_at: number;
  updated_at: number;
  etag: number;
}

export interface PolicyGroupsTable {
  id: string;
  account_id: string;
  name: string;
  permissions_json: string;
  created_at: number;
  updated_at: number;
  etag: number;
}

export interface ApiKeysTable {
  id: string;
  account_id: string;
  name: string;
  /** `ACTIVE` or `INACTIVE`. */
  status: string;
  owner_id: string | null;
  secret_hash: Uint8Array;
  created_at: number;
  updated_at: number;
  last_login_at: number | null;
  /** Refused from then on. */
  expires_at: number | null;
  etag: number;
}

export interface ApiKeyGroupsTable {
  account_id: string;
  api_key_id: string;
  group_id: string;
}

export interface AuthoritiesTable {
  id: string;
  account_id: string;
  purpose: AuthorityPurpose;
  /** One that is retiring still counts; one that is retired does not, and has no key. */
  state: 'active' | 'retiring' | 'retired';
  /** DER. */
  certificate: Uint8Array;
  /** PKCS#8 under the vault, context `authorities/<id>/private_key`; empty for a retired one. */
  private_key_sealed: Uint8Array;
  created_at: number;
  crl_number: Generated<number>;
  /** DER; the key of an active one, certified by the retiring one. */
  cross_certificate: Uint8Array | null;
  /** When the state changed last. */
  changed_at: number | null;
}

export interface TrustedCertificatesTable {
  id: string;
  account_id: string;
  name: string;
  description: string | null;
  /** `bootstrap` or `lwm2m`. */
  service: string;
  /** `ACTIVE` or `INACTIVE`. */
  status: string;
  /** 0 or 1. */
  enrollment_mode: number;
  /** 0 for a plain trusted certificate, 1 for a developer certificate. */
  device_execution_mode: number;
  /** DER. */
  certificate: Uint8Array;
  /** SHA-256 of the DER, lower-case hexadecimal. */
  fingerprint: string;
  issuer: string;
  subject: string;
  not_after: number;
  /** Our authority that issued it; null where it was brought from outside. */
  authority_id: string | null;
  owner_id: string | null;
  created_at: number;
  updated_at: number;
  etag: number;
}

export interface DeveloperCertificatesTable {
  /** The id of its trusted certificate. */
  id: string;
  account_id: string;
  /** Under the vault, context `developer_certificates/<id>/private_key`. */
  private_key_sealed: Uint8Array;
}

/** Certificates of devices that have a key of their own; one that was deleted or replaced is in the revocations. */
export interface DeviceCertificatesTable {
  id: string;
  account_id: string;
  /** Unique in the account. */
  endpoint_name: string;
  /** DER. */
  certificate: Uint8Array;
  /** SHA-256 of the DER, lower-case hexadecimal. */
  fingerprint: string;
  /** Subject key identifier, lower-case hexadecimal. */
  key_id: string;
  authority_id: string;
  owner_id: string | null;
  created_at: number;
  /** When this certificate was issued. */
  updated_at: number;
  etag: number;
}

export interface RevocationsTable {
  account_id: string;
  authority_id: string;
  /** Lower-case hexadecimal, as in the certificate. */
  serial: string;
  certificate_id: string;
  revoked_at: number;
  reason: string;
}

export interface AuditRecordsTable {
  id: string;
  account_id: string;
  at: number;
  actor_kind: 'api-key' | 'operator' | 'user';
  actor_id: string;
  /** Dotted: `api-key.created`. */
  action: string;
  subject_kind: string;
  subject_id: string;
  request_id: string | null;
  detail_json: string;
}

export interface SettingsTable {
  account_id: string;
  name: string;
  value_json: string;
  updated_at: number;
}

export interface Schema extends DeviceSchema, ConnectSchema, PeopleSchema, UpdateSchema {
  accounts: AccountsTable;
  policy_groups: PolicyGroupsTable;
  api_keys: ApiKeysTable;
  api_key_groups: ApiKeyGroupsTable;
  authorities: AuthoritiesTable;
  trusted_certificates: TrustedCertificatesTable;
  developer_certificates: DeveloperCertificatesTable;
  device_certificates: DeviceCertificatesTable;
  revocations: RevocationsTable;
  audit_records: AuditRecordsTable;
  settings: SettingsTable;
}

/** A row as it is read: `Row<'accounts'>`. */
export type Row<Table extends keyof Schema> = Selectable<Schema[Table]>;
