import type { Actor, Domain } from '../../storage/context.ts';
import { type DeviceAnswer, type DeviceLinks, type DeviceOperation, LinkFailure } from '../device-links.ts';
import { type AsyncFailure, asyncAnswer, asyncFailure } from '../messages.ts';
import { Refusal } from '../refusal.ts';
import { hasPath, registeredDevice } from '../registered-device.ts';
import { failureOf } from './device-requests.ts';

/** How long somebody who looks at a page waits for a device, in ms. */
const patience = 30_000;

/**
 * Asks a device that is there now, and waits for what it says: for people, who have no notification channel. Nothing is
 * queued, and nothing is tried again.
 *
 * @returns an entry of `async-responses` without an id
 * @throws Refusal 404 or 400, where the device cannot be asked at all
 */
export async function askDevice(
  domain: Domain,
  links: DeviceLinks,
  actor: Pick<Actor, 'accountId'>,
  deviceId: string,
  operation: DeviceOperation,
): Promise<Record<string, unknown>> {
  const device = await registeredDevice(domain, actor.accountId, deviceId);
  if (!device) throw new Refusal(404, 'DEVICE_NOT_FOUND');
  if (device.isBlocked) throw new Refusal(400, 'DEVICE_BLOCKED', 'The device was suspended.');
  if (operation.method !== 'POST' && !hasPath(device.resources, operation.path)) {
    throw new Refusal(400, 'RESOURCE_NOT_FOUND');
  }
  if (!links.isReachable(deviceId)) return asyncFailure('', 'NOT_CONNECTED');
  let late: NodeJS.Timeout | undefined;
  const tooLate = new Promise<AsyncFailure>((resolve) => {
    late = setTimeout(() => resolve('TIMEOUT'), patience);
  });
  const answered: Promise<DeviceAnswer | AsyncFailure> = links.send(deviceId, operation).catch((error: unknown) => {
    if (error instanceof LinkFailure) return failureOf[error.reason];
    throw error;
  });
  try {
    const answer = await Promise.race([answered, tooLate]);
    return typeof answer === 'string' ? asyncFailure('', answer) : asyncAnswer('', answer);
  } finally {
    clearTimeout(late);
  }
}
