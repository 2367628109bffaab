export { DeviceSessions } from './device-sessions.ts';
export type { DeviceIdentity } from './identities.ts';
export { Lwm2mServer, type Lwm2mWorld } from './lwm2m-server.ts';
