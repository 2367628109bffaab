import { errorFamily } from '@mooring/platform';

export const accountErrors = errorFamily({
  'account.missing': 'The data folder has no account yet.',
  'account.limit': 'The account has as many of these as its limit allows.',
  'auth.invalid': 'The credentials of a request are missing, wrong or inactive.',
  'permission.denied': 'The caller may not do this, or would grant more than it may do itself.',
  'api.key.not.found': 'The account has no such API key.',
  'api.key.name.taken': 'Another API key of the account has this name.',
  'api.key.invalid': 'What an API key is to have is not possible: an unknown group or owner.',
});
