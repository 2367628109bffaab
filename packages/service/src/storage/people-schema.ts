/*
 * The tables of people and of how they sign in; kept as those of schema.ts are.
 */

export type UserStatus = 'ENROLLING' | 'INVITED' | 'ACTIVE' | 'RESET' | 'INACTIVE';

export interface UsersTable {
  id: string;
  account_id: string;
  /** As it was given. */
  email: string;
  /** The same for every spelling of one address; unique in the account. */
  email_key: string;
  username: string | null;
  full_name: string | null;
  phone_number: string | null;
  address: string | null;
  /** RESET: signs in once more with the password there is, and has to choose a new one with it. */
  status: UserStatus;
  /** 0 or 1. */
  gtc_accepted: number;
  /** 0 or 1. */
  marketing_accepted: number;
  /** `$argon2id$v=19$m=…,t=…,p=…$salt$hash`; null for one who was invited. */
  password_hash: string | null;
  password_changed_at: number | null;
  /** Under the vault, context `users/<id>/totp`. There before it is enabled as well. */
  totp_secret_sealed: Uint8Array | null;
  /** 0 or 1. */
  totp_enabled: number;
  /** The newest time step that was used: a code is good once (RFC 6238 §5.2). */
  totp_last_step: number;
  last_login_at: number | null;
  created_at: number;
  updated_at: number;
  etag: number;
}

export interface UserGroupsTable {
  account_id: string;
  user_id: string;
  group_id: string;
}

export interface UserInvitationsTable {
  id: string;
  account_id: string;
  /** In the state INVITED until the invitation is accepted. */
  user_id: string;
  email: string;
  expires_at: number;
  created_at: number;
  updated_at: number;
  etag: number;
}

export interface UserSessionsTable {
  id: string;
  account_id: string;
  user_id: string;
  /** SHA-256 of what the cookie holds. */
  token_hash: Uint8Array;
  /** 1 if a second factor was shown. */
  second_factor: number;
  ip_address: string;
  user_agent: string;
  created_at: number;
  used_at: number;
  /** The end, however much it is used. */
  ends_at: number;
}

export interface UserLoginsTable {
  id: string;
  account_id: string;
  user_id: string;
  at: number;
  ip_address: string;
  user_agent: string;
  /** 0 or 1. */
  success: number;
}

export interface UserScratchCodesTable {
  id: string;
  account_id: string;
  user_id: string;
  /** SHA-256; the row goes with its use. */
  code_hash: Uint8Array;
}

/** *Planned*: passkeys (WebAuthn); nothing writes it yet. */
export interface UserPasskeysTable {
  id: string;
  account_id: string;
  user_id: string;
  name: string;
  /** Base64url. */
  credential_id: string;
  /** The host that the browser made it for. */
  relying_party: string;
  /** COSE key. */
  public_key: Uint8Array;
  counter: number;
  transports_json: string;
  created_at: number;
  used_at: number | null;
}

export type LinkPurpose = 'first-administrator' | 'invitation' | 'password-reset';

export interface OneTimeLinksTable {
  id: string;
  account_id: string;
  /** Null for the first administrator, who is made with it. */
  user_id: string | null;
  purpose: LinkPurpose;
  /** SHA-256; the row goes with its use. */
  token_hash: Uint8Array;
  created_at: number;
  expires_at: number;
}

export interface PeopleSchema {
  users: UsersTable;
  user_groups: UserGroupsTable;
  user_invitations: UserInvitationsTable;
  user_sessions: UserSessionsTable;
  user_logins: UserLoginsTable;
  user_scratch_codes: UserScratchCodesTable;
  user_passkeys: UserPasskeysTable;
  one_time_links: OneTimeLinksTable;
}
