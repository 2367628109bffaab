import { errorFamily } from '@mooring/platform';

export const accountErrors = errorFamily({
  'account.missing': 'The data folder has no account yet.',
  'account.limit': 'The account has as many of these as its limit allows.',
  'auth.invalid': 'The credentials of a request are missing, wrong or inactive.',
  'permission.denied': 'The caller may not do this, or would grant more than it may do itself.',
  'group.unknown': 'What is named as a group is none of the account.',
  'group.not.found': 'The account has no such group.',
  'group.name.taken': 'Another group of the account has this name.',
  'group.fixed': 'Every account has this group; it keeps its name and its permissions.',
  'group.invalid': 'What a group is to have is not possible: an unknown permission, user or API key.',
  'group.member.present': 'One that is to be added to a group is in it already.',
  'api.key.not.found': 'The account has no such API key.',
  'api.key.name.taken': 'Another API key of the account has this name.',
  'api.key.invalid': 'What an API key is to have is not possible: an unknown owner, or an end in the past.',
});
