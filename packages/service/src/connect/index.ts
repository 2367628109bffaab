export { Connect, type ConnectOptions, type Gone } from './connect.ts';
export {
  type DeviceAnswer,
  type DeviceLinks,
  type DeviceOperation,
  LinkFailure,
  type LinkFailureReason,
  noLinks,
} from './device-links.ts';
export { type ConnectLimits, defaultConnectLimits } from './limits.ts';
export type { RegisteredDevice } from './messages.ts';
export { connectRoutes } from './routes.ts';
