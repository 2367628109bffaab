import type { AccountInfo, ApiKeyInfoResp, ApiKeyUpdateReq, FeaturePolicy, GroupSummary } from '@mooring/rest';
import { timeText } from '../http/time-text.ts';
import type { ServiceSettings } from '../serve/settings.ts';
import type { Account } from './account.ts';
import type { ApiKey } from './api-keys.ts';
import type { GroupSize } from './membership.ts';
import { expand, isFirstGroup } from './permissions.ts';

/** What a body says of a key, in the terms of here. */
export function apiKeyInput<Body extends ApiKeyUpdateReq>({ expires_at: end, ...rest }: Body) {
  return { ...rest, ...(end === undefined ? {} : { expiresAt: end === null ? null : Date.parse(end) }) };
}

export const apiKeyBody = (key: ApiKey): ApiKeyInfoResp => ({
  object: 'api-key',
  id: key.id,
  etag: String(key.etag),
  account_id: key.accountId,
  name: key.name,
  key: key.key,
  owner: key.owner,
  groups: key.groups,
  status: key.status,
  creation_time: key.createdAt,
  last_login_time: key.lastLoginAt ?? 0,
  ...(key.expiresAt === null ? {} : { expires_at: timeText(key.expiresAt) }),
  created_at: timeText(key.createdAt),
  updated_at: timeText(key.updatedAt),
});

export const groupBody = (group: GroupSize): GroupSummary => ({
  object: 'group',
  id: group.id,
  etag: String(group.etag),
  account_id: group.account_id,
  name: group.name,
  user_count: group.users,
  apikey_count: group.apiKeys,
  permissions: [...expand(JSON.parse(group.permissions_json) as string[])],
  fixed: isFirstGroup(group.name),
  created_at: timeText(group.created_at),
  updated_at: timeText(group.updated_at),
});

const policy = (feature: string, resource: string): FeaturePolicy => ({
  feature,
  resource,
  action: '',
  allow: true,
  inherited: true,
});

/** Every account may use all that the service has. */
const policies: FeaturePolicy[] = [
  policy('api-keys', '/v3/api-keys'),
  policy('developer-certificates', '/v3/developer-certificates'),
  policy('trusted-certificates', '/v3/trusted-certificates'),
  policy('server-credentials', '/v3/server-credentials'),
];

/** Limits as texts, under names that say what is counted; those of the original service are not known. */
const limitsBody = ({ limits }: ServiceSettings): Record<string, string> => ({
  api_key_count: String(limits.apiKeys),
  user_count: String(limits.users),
  group_count: String(limits.policyGroups),
  trusted_certificate_count: String(limits.trustedCertificates),
  developer_certificate_count: String(limits.developerCertificates),
});

export interface AccountExtras {
  limits: boolean;
  policies: boolean;
  subAccounts: boolean;
}

const profileNames = [
  'company',
  'contact',
  'phone_number',
  'address_line1',
  'address_line2',
  'city',
  'state',
  'postal_code',
  'country',
  'custom_fields',
  'expiration_warning_threshold',
  'idle_timeout',
  'mfa_status',
  'password_policy',
] as const;

export function accountBody(account: Account, settings: ServiceSettings, include: AccountExtras): AccountInfo {
  const { attributes } = account;
  const profile = Object.fromEntries(profileNames.map((name) => [name, attributes[name] ?? null]));
  return {
    object: 'account',
    id: account.id,
    etag: String(account.etag),
    status: account.status,
    tier: account.tier,
    end_market: account.endMarket,
    display_name: account.displayName,
    email: account.email,
    aliases: account.aliases,
    ...profile,
    notification_emails: attributes.notification_emails ?? [],
    ...(attributes.password_recovery_expiration == null
      ? {}
      : { password_recovery_expiration: attributes.password_recovery_expiration }),
    parent_id: null,
    template_id: null,
    customer_number: null,
    contract_number: null,
    sales_contact: null,
    reason: null,
    reference_note: null,
    expiration: null,
    ...(include.limits ? { limits: limitsBody(settings) } : {}),
    ...(include.policies ? { policies } : {}),
    ...(include.subAccounts ? { sub_accounts: [] } : {}),
    created_at: timeText(account.createdAt),
    updated_at: timeText(account.updatedAt),
  };
}
