/** Every permission that a route can name, with what it allows. */
export const permissions = {
  'account:read': 'See the account.',
  'account:write': 'Change the account.',
  'own-api-key:read': 'See the API key that is used.',
  'own-api-key:write': 'Change the API key that is used.',
  'own-user:read': "See oneself and one's sessions, as a user who is signed in.",
  'own-user:write': "Change one's own name, password and second factor; end one's sessions.",
  'users:read': 'See all users and invitations.',
  'users:write': 'Invite, make, change and delete users.',
  'groups:read': 'See the groups, and what their members may do.',
  'groups:write': 'Make, change and delete groups, and say who is in them.',
  'audit:read': 'See who did what.',
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
  'firmware:read': 'See firmware images, update manifests and update certificates.',
  'firmware:write': 'Upload and delete firmware images and update manifests.',
  'update-certificates:write': 'Say which update certificates manifests have to be signed with.',
  'update-campaigns:read': 'See update campaigns, and which devices lose updates when.',
  'update-campaigns:write': 'Make, start, stop and delete update campaigns.',
  'update-campaigns:approve': 'Approve update campaigns that need it.',
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
    'groups:read',
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
    'firmware:read',
    'firmware:write',
    'update-campaigns:read',
    'update-campaigns:write',
  ],
  // What anybody may see: no private keys, no people, nothing of what others do.
  Observers: [
    'account:read',
    'groups:read',
    'own-api-key:read',
    'device-certificates:read',
    'trusted-certificates:read',
    'server-credentials:read',
    'devices:read',
    'enrollments:read',
    'pre-shared-keys:read',
    'metrics:read',
    'device-resources:read',
    'firmware:read',
    'update-campaigns:read',
  ],
} as const satisfies Record<string, readonly (Permission | typeof everything)[]>;

/** Groups that every account has keep their name and their permissions. */
export const isFirstGroup = (name: string): boolean => Object.hasOwn(firstGroups, name);

/** Of a group that makes its members administrators. */
export const administrators = 'Administrators';

/** What everybody who signs in may do, in whatever group. */
export const ownPermissions: readonly Permission[] = ['own-user:read', 'own-user:write'];

/** The permissions that a group's list means. */
export function expand(listed: readonly string[]): ReadonlySet<string> {
  return listed.includes(everything) ? allPermissions : new Set(listed);
}
