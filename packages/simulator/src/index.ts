export type { Faults } from './device/faults.ts';
export { provisioningPlaces } from './device/provisioning-program.ts';
export { startVirtualDevice, type VirtualDevice, type VirtualDeviceOptions } from './device/virtual-device.ts';
export { simulatorErrors } from './errors.ts';
