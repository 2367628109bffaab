import { errorFamily } from '@mooring/platform';

export const cloudClientErrors = errorFamily({
  'client.unprovisioned': 'The device has no credentials for a service, or they are not fit to connect with.',
  'client.running': 'Another mbl-cloud-client runs on the same secure storage.',
  'client.account.unfit': 'What the bootstrap server gave the device cannot be used; the old account was kept.',
  'client.resource.invalid': 'What an application asked of its resources is not possible.',
  'client.socket.unusable': 'The socket for the resources of applications cannot be made.',
});
