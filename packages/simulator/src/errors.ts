import { errorFamily } from '@mooring/platform';

export const simulatorErrors = errorFamily({
  'device.root.foreign':
    "The folder named as a virtual device's root holds something else, so nothing in it is touched.",
  'device.root.busy': 'Another virtual device runs on the same root folder.',
  'device.name.invalid': 'A host name for a virtual device is not one that a network can carry.',
  'device.name.taken': 'Another device on the link has the host name already.',
  'device.address.unavailable': "A virtual device's SSH server could not listen where it was told to.",
  'device.announcement.impossible': 'A virtual device could not announce itself by mDNS.',
  'quickstart.step.failed': 'A command of the quick start failed, or what it made is not what it should be.',
  'simulation.process.ended': 'A process of a simulation ended by itself.',
  'quickstart.start.failed': 'The service or the virtual device of the quick start did not start.',
});
