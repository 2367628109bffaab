import { errorFamily } from '@mooring/platform';

export const inspectErrors = errorFamily({
  'inspect.folder.unknown': 'A folder that inspect was given is not one of settings.',
});
