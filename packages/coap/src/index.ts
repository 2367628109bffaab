export type { SecureChannel } from '@mooring/transport';
