import type { DeviceListener } from '../lwm2m-server/lwm2m-server.ts';
import type { Domain } from '../storage/context.ts';
import type { Campaigns } from './campaigns/campaigns.ts';
import { coapDownload } from './delivery/coap-download.ts';

export { Campaigns } from './campaigns/campaigns.ts';
export { defaultDownloadUrl } from './downloads/links.ts';
export { type DownloadServer, startDownloads } from './downloads/server.ts';
export { sweepBlobs } from './images/image.ts';

/** The side of the campaigns that devices see. */
export const updateListener = (domain: Domain, campaigns: Campaigns): DeviceListener => ({
  reachable: (deviceId) => campaigns.reachable(deviceId),
  told: (deviceId, path, payload) => campaigns.told(deviceId, path, payload),
  answer: (request) => coapDownload(domain, request),
});
