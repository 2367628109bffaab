import { errorFamily } from '@mooring/platform';

export const provisioningErrors = errorFamily({
  'provisioning.files.missing': 'Files that provisioning needs are not in the certificates folder, or cannot be read.',
  'provisioning.credentials.invalid':
    'The credentials in the certificates folder are not fit for use; nothing was stored.',
  'provisioning.key.unknown':
    'The credentials came without a private key, and their certificate is for no key that this device made.',
  'provisioning.name.invalid': 'The endpoint name is not one that a device can have.',
  'device.not.configured': 'The device has not all it needs to connect to its Device Management service.',
});
