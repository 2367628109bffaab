import { errorFamily } from '@mooring/platform';

export const devToolErrors = errorFamily({
  'dev.uninitialised': 'manifest-dev-tool create was called where `manifest-dev-tool init` has not been.',
  'dev.config.malformed': 'A file that manifest-dev-tool keeps cannot be used.',
  'dev.options.conflict':
    'Options of manifest-dev-tool were given that make no sense without each other (exit status 2).',
  'dev.delta.encrypted': 'A delta cannot be encrypted as well.',
});
