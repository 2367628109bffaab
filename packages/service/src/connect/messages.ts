import type { Registration } from '../registry/index.ts';
import type { DeviceAnswer } from './device-links.ts';
import { mediaType } from './media-types.ts';

/** What connect wants to know of a device that registers. */
export type RegisteredDevice = Pick<
  Registration,
  'deviceId' | 'accountId' | 'endpointName' | 'endpointType' | 'queueMode' | 'resources'
>;

/** Entry of `registrations` and `reg-updates`. */
export function endpointData(device: RegisteredDevice): Record<string, unknown> {
  return {
    ep: device.deviceId,
    'original-ep': device.endpointName,
    ...(device.endpointType === null ? {} : { ept: device.endpointType }),
    q: device.queueMode,
    resources: device.resources.map(({ path, obs, aobs, rt, ct }) => ({
      path,
      obs: obs === true || aobs !== undefined,
      ...(rt === undefined ? {} : { rt }),
      ...(ct === undefined ? {} : { ct: mediaType(ct) ?? String(ct) }),
    })),
  };
}

const typeText = ({ contentFormat }: DeviceAnswer): { ct?: string } => {
  const type = contentFormat === undefined ? undefined : (mediaType(contentFormat) ?? String(contentFormat));
  return type === undefined ? {} : { ct: type };
};

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

/** Max-Age of an answer that has none (RFC 7252 §5.10.5). */
export const defaultMaxAge = 60;

/** Entry of `notifications`. */
export function notificationData(deviceId: string, path: string, answer: DeviceAnswer): Record<string, unknown> {
  return {
    ep: deviceId,
    path,
    ...typeText(answer),
    payload: base64(answer.payload),
    'max-age': String(answer.maxAge ?? defaultMaxAge),
  };
}

/** CoAP codes that have a status of their own in the contract; all other refusals are 400. */
const statusOf: Readonly<Record<number, number>> = {
  132: 404,
  140: 412,
  141: 413,
  143: 415,
};

const codeText = (code: number): string => `${code >> 5}.${String(code & 31).padStart(2, '0')}`;

/** Entry of `async-responses` for an answer of the device. */
export function asyncAnswer(asyncId: string, answer: DeviceAnswer): Record<string, unknown> {
  const isSuccess = answer.code >> 5 === 2;
  return {
    id: asyncId,
    status: isSuccess ? 200 : (statusOf[answer.code] ?? 400),
    ...(isSuccess ? {} : { error: `The device answered ${codeText(answer.code)}.` }),
    ...typeText(answer),
    payload: base64(answer.payload),
    'max-age': String(answer.maxAge ?? defaultMaxAge),
  };
}

/** Why a request never got an answer; the texts and statuses are the contract's. */
export const asyncFailures = {
  REQUEST_EXPIRED: 429,
  DEVICE_REMOVED_REGISTRATION: 429,
  DEVICE_BLOCKED: 429,
  CONNECTION_LOST: 502,
  NOT_CONNECTED: 503,
  TIMEOUT: 504,
  REQUEST_TOO_LARGE: 413,
} as const;

export type AsyncFailure = keyof typeof asyncFailures;

export function asyncFailure(asyncId: string, failure: AsyncFailure): Record<string, unknown> {
  return { id: asyncId, status: asyncFailures[failure], error: failure, payload: '' };
}
