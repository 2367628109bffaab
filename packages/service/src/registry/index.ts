export { type DeregistrationReason, type RegistryEvent, RegistryEvents } from './bus.ts';
export { type DenialInput, DenialRecorder } from './denials/denial.ts';
export { type DeviceEventInput, recordDeviceEvent } from './device-log/device-event.ts';
export {
  type Device,
  type DeviceRow,
  findDevice,
  getDevice,
  inGroup,
  listDevices,
  matchingDevices,
} from './devices/device.ts';
export { deviceFilters } from './devices/filters.ts';
export { insertDevice } from './devices/insert.ts';
export { registryErrors } from './errors.ts';
export { type KeyedDevice, preSharedKeyOf } from './pre-shared-keys/pre-shared-key.ts';
export { expireRegistrations, nextExpiry, RegistrationExpiry } from './registrations/expiry.ts';
export { type DeviceFacts, factResources } from './registrations/facts.ts';
export {
  deviceDeregistered,
  deviceFacts,
  deviceRegistered,
  getRegistration,
  type Refusal,
  type RegistrationInput,
  type RegistrationUpdate,
  registrationAt,
  registrationUpdated,
} from './registrations/register.ts';
export type { RegisteredResource, Registration } from './registrations/registration.ts';
export { type CertificateRenewals, type RenewalRefusal, renewalEnded } from './renewals/renewal.ts';
export { Usage } from './usage/usage.ts';
