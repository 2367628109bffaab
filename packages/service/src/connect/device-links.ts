/** What is asked of a device; paths as in LwM2M: `/3/0/13`. */
export interface DeviceOperation {
  method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  path: string;
  /** Uri-Query, as of write-attributes: `pmin=10`. */
  query: readonly string[];
  /** CoAP content format that the answer may have; any if absent. */
  accept?: number;
  /** Of the payload. */
  contentFormat?: number;
  payload: Uint8Array;
}

export interface DeviceAnswer {
  /** CoAP code: 0x45 is 2.05. */
  code: number;
  contentFormat?: number;
  /** Seconds. */
  maxAge?: number;
  payload: Uint8Array;
}

/** Why an operation did not get an answer. */
export type LinkFailureReason = 'not-connected' | 'no-answer' | 'lost' | 'too-large';

export class LinkFailure extends Error {
  readonly reason: LinkFailureReason;

  constructor(reason: LinkFailureReason, options?: ErrorOptions) {
    super(`the device did not answer: ${reason}`, options);
    this.reason = reason;
  }
}

/**
 * The way to devices that are connected, whichever node they are connected to. What this room knows of LwM2M; the
 * sessions implement it.
 */
export interface DeviceLinks {
  /** Whether an operation could go to the device now: connected, and awake where it sleeps. */
  isReachable(deviceId: string): boolean;
  /** @throws LinkFailure */
  send(deviceId: string, operation: DeviceOperation): Promise<DeviceAnswer>;
  /**
   * Starts to observe, or does it anew; the answer has the value of now. The observation is kept up over connections
   * as long as `wantedPaths` names the path.
   *
   * @throws LinkFailure
   */
  observe(deviceId: string, path: string): Promise<DeviceAnswer>;
  /** Best effort: a device that is away is told when it notifies the next time. */
  cancelObservation(deviceId: string, path: string): Promise<void>;
}

/** No device is ever there. For a service without LwM2M, as in tests of the REST interface. */
export const noLinks: DeviceLinks = {
  isReachable: () => false,
  send: async () => {
    throw new LinkFailure('not-connected');
  },
  observe: async () => {
    throw new LinkFailure('not-connected');
  },
  cancelObservation: async () => undefined,
};
