/** Every permission that a route can name, with what it allows. */
export const permissions = {
  'account:read': 'See the account.',
  'account:write': 'Change the account.',
  'own-api-key:read': 'See the API key that is used.',
  'own-api-key:write': 'Change the API key that is used.',
  'api-keys:read': 'See all API keys.',
  'api-keys:write': 'Make, change and delete API keys.',
  'developer-certificates:read': 'See developer certificates with their private keys.',
  'developer-certificates:write': 'Make developer certificates.',
  'device-certificates:read': 'See the certificates of devices that have a key of their own.',
  'device-certificates:write': 'Issue and revoke certificates of devices that have a key of their own.',
  'trusted-certificates:read': 'See the certificates that devices may have.',
  'trusted-certificates:write': 'Delete and rename certificates that devices may have.',
  'certificate-authorities:write': 'Upload certificates of other authorities, whose devices are then let in.',
  'server-credentials:read': 'See where devices connect and what they trust.',
  'devices:read': 'See devices, their events, groups and stored queries.',
  'devices:write': 'Change, suspend and delete devices; change groups and stored queries.',
  'enrollments:read': 'See which devices are enrolled, and which were not let in.',
  'enrollments:write': 'Enrol devices and delete enrolments.',
  'pre-shared-keys:read': 'See which devices have a pre-shared key; not the keys.',
  'pre-shared-keys:write': 'Give devices a pre-shared key, and take it away.',
  'metrics:read': 'See how much devices and the connect interface are used.',
  'device-resources:read': 'See what devices registered, and values that are known.',
  'device-resources:write': 'Ask devices: read, write and execute their resources.',
  'own-notifications:write': 'Have a notification channel and subscriptions of its own.',
} as const satisfies Record<string, string>;

export type Permission = keyof typeof permissions;

export const allPermissions: ReadonlySet<string> = new Set(Object.keys(permissions));

/** Stands in a group for all permissions, those of later versions as well. */
const everything = '*';

/** The groups that every account has from the first start on. */
export const firstGroups = {
  Administrators: [everything],
  Developers: [
    'account:read',
    'own-api-key:read',
    'own-api-key:write',
    'developer-certificates:read',
    'developer-certificates:write',
    'device-certificates:read',
    'device-certificates:write',
    'trusted-certificates:read',
    'trusted-certificates:write',
    'server-credentials:read',
    'devices:read',
    'devices:write',
    'enrollments:read',
    'enrollments:write',
    'pre-shared-keys:read',
    'pre-shared-keys:write',
    'metrics:read',
    'device-resources:read',
    'device-resources:write',
    'own-notifications:write',
  ],
} as const satisfies Record<string, readonly (Permission | typeof everything)[]>;

/** The permissions that a group's list means. */
export function expand(listed: readonly string[]): ReadonlySet<string> {
  return listed.includes(everything) ? allPermissions : new Set(listed);
}
