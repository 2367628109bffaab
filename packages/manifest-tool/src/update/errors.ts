import { errorFamily } from '@mooring/platform';

export const updateErrors = errorFamily({
  'update.access.missing': 'An update command does not know the service or has no API key for it.',
  'update.name.long': 'A name for the service is longer than it takes.',
  'update.image.failed': 'The firmware image could not be uploaded.',
  'update.manifest.failed': 'The manifest could not be uploaded.',
  'update.campaign.failed': 'The update campaign could not be made or started, or the service no longer tells of it.',
  'update.campaign.refused': 'The service ended the update campaign before the device was done, or never began it.',
  'update.outcome.unknown': 'The update campaign has ended, and the service does not say what became of the device.',
  'update.answer.incomplete': 'An answer of the service lacks something that the update needs.',
  'update.encryption.unsupported': 'The service does not encrypt firmware images.',
});
