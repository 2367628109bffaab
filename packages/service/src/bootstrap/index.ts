export { Bootstrap, type BootstrapCounts, type BootstrapWorld } from './bootstrap.ts';
export { logConnectionEnd } from './connection-end.ts';
export {
  type Admitted,
  admitDevice,
  bootstrapFailed,
  credentialsIssued,
  credentialsRenewed,
  deviceBootstrapped,
  type IssuedCredentials,
} from './credentials.ts';
export type { DenialReason, ExecutionMode, Server } from './decision.ts';
export { enrolledFingerprint, enrolmentIdentity } from './enrolment-identity.ts';
export { type Framed, type Framings, forFramings, framingOf } from './framing.ts';
export { CredentialIssuer, type CredentialSubject, type DeviceCredentials } from './issuer.ts';
export {
  type Denied,
  denyStranger,
  type Joined,
  type JoinRequest,
  type JoinWorld,
  joinDevice,
  type Shown,
} from './join.ts';
export { derivedKey, type Lwm2mKey, lwm2mKeyOf } from './pre-shared-keys.ts';
export { devicesShutOut } from './shut-out.ts';
