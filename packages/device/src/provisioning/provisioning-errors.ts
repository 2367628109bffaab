import { errorFamily } from '@mooring/platform';

export const provisioningErrors = errorFamily({
  'provisioning.files.missing': 'Files that provisioning needs are not in the certificates folder, or cannot be read.',
  'provisioning.credentials.invalid':
    'The credentials in the certificates folder are not fit for use; nothing was stored.',
  'device.not.configured': 'The device has not all it needs to connect to its Device Management service.',
});
