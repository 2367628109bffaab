import type { CoapConnection } from '@mooring/coap';
import { isMooringError } from '@mooring/platform';
import type { ChannelEnd } from '@mooring/transport';
import type { Log } from '../serve/log.ts';
import type { Server } from './decision.ts';

/**
 * Logs that a device was cut off: it sent what is no CoAP, took in nothing, or showed another certificate. That devices go,
 * and that networks break, is no news.
 */
export function logConnectionEnd(log: Log, server: Server, { error }: ChannelEnd, { channel }: CoapConnection): void {
  if (!isMooringError(error)) return;
  const { address } = channel.peer;
  log.info('device.cut', `The ${server} server cut ${address} off: ${error.message}`, {
    server,
    code: error.code,
    address,
  });
}
