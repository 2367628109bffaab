import { backgroundTimers, type Timers } from '@mooring/platform';
import type { RegistryEvent } from '../registry/index.ts';
import type { Actor, Domain } from '../storage/context.ts';
import { type SendCallback, sendCallback } from './channels/callback.ts';
import { Channels } from './channels/channels.ts';
import type { DeviceAnswer, DeviceLinks } from './device-links.ts';
import { noLinks } from './device-links.ts';
import { type ConnectLimits, defaultConnectLimits } from './limits.ts';
import { endpointData, type RegisteredDevice } from './messages.ts';
import { DeviceRequests, type Request, splitUri } from './requests/device-requests.ts';
import { askDevice } from './requests/direct.ts';
import { ResourceCache } from './resource-cache.ts';
import { Subscriptions } from './subscriptions/subscriptions.ts';

export interface ConnectOptions {
  limits?: ConnectLimits;
  timers?: Timers;
  send?: SendCallback;
}

/**
 * The connect interface: what applications ask of devices and want to be told by them. Devices' side comes in through
 * `registered`, `notified` and their like, and goes out through `DeviceLinks`.
 */
export class Connect {
  readonly channels: Channels;
  readonly requests: DeviceRequests;
  readonly subscriptions: Subscriptions;
  readonly limits: ConnectLimits;
  readonly #domain: Domain;
  #links: DeviceLinks = noLinks;
  #unlisten: (() => void) | undefined;

  constructor(domain: Domain, options: ConnectOptions = {}) {
    const { limits = defaultConnectLimits, timers = backgroundTimers, send = sendCallback } = options;
    this.#domain = domain;
    this.limits = limits;
    this.channels = new Channels(domain, { limits, timers, send });
    const cache = new ResourceCache(domain.clock, limits);
    const shared = { queue: this.channels.queue, cache, links: () => this.#links };
    this.subscriptions = new Subscriptions(domain, shared);
    this.requests = new DeviceRequests(domain, { ...shared, limits, timers });
  }

  async start(links: DeviceLinks): Promise<void> {
    this.#links = links;
    this.#unlisten ??= this.#domain.bus.listen((event) => void this.#heard(event).catch(() => undefined));
    await this.channels.start();
    await this.requests.start();
  }

  stop(): void {
    this.#unlisten?.();
    this.requests.stop();
    this.channels.stop();
  }

  /** After it was written to the directory, and before the device is answered. */
  async registered(device: RegisteredDevice): Promise<void> {
    await this.#heardOf(device, 'registrations');
  }

  async registrationUpdated(device: RegisteredDevice): Promise<void> {
    await this.#heardOf(device, 'reg-updates');
  }

  async deregistered(device: Gone): Promise<void> {
    await this.#gone(device, 'de-registrations');
  }

  async expired(device: Gone): Promise<void> {
    await this.#gone(device, 'registrations-expired');
  }

  async suspended(deviceId: string): Promise<void> {
    await this.requests.abandon(deviceId, 'DEVICE_BLOCKED');
  }

  /** A device told a value. Resolves when everyone's message of it is on disk: only then thank the device. */
  async notified(deviceId: string, path: string, answer: DeviceAnswer): Promise<void> {
    await this.subscriptions.notified(deviceId, path, answer);
  }

  /** The device can be asked now. */
  reachable(deviceId: string): void {
    this.requests.drain(deviceId);
  }

  /** Asks a device at once, for somebody who waits. @throws Refusal */
  ask(
    actor: Pick<Actor, 'accountId'>,
    deviceId: string,
    { uri, ...request }: Request,
  ): Promise<Record<string, unknown>> {
    return askDevice(this.#domain, this.#links, actor, deviceId, { ...request, ...splitUri(uri) });
  }

  /** Registrations that end; those that begin come through `registered`, whose device waits for it. */
  async #heard(event: RegistryEvent): Promise<void> {
    switch (event.kind) {
      case 'expired':
        await this.expired(event.registration);
        break;
      case 'deregistered':
        if (event.reason === 'suspended') await this.suspended(event.registration.deviceId);
        await this.deregistered(event.registration);
        break;
    }
  }

  async #gone(device: Gone, part: 'de-registrations' | 'registrations-expired'): Promise<void> {
    await this.requests.abandon(device.deviceId, 'DEVICE_REMOVED_REGISTRATION');
    await this.#tellAccount(device.accountId, part, { ep: device.deviceId, 'original-ep': device.endpointName });
  }

  async #heardOf(device: RegisteredDevice, part: 'registrations' | 'reg-updates'): Promise<void> {
    await this.#domain.storage.grouped(async () => {
      await this.subscriptions.apply(device, part === 'registrations');
      await this.#tellAccount(device.accountId, part, endpointData(device));
    });
  }

  async #tellAccount(
    accountId: string,
    part: 'registrations' | 'reg-updates' | 'de-registrations' | 'registrations-expired',
    body: Record<string, unknown>,
  ): Promise<void> {
    const keys = await this.channels.keysOfAccount(accountId);
    await this.channels.queue.append(keys.map((apiKeyId) => ({ accountId, apiKeyId, part, body })));
  }
}

/** A device whose registration has ended. */
export interface Gone {
  deviceId: string;
  accountId: string;
  endpointName: string;
}
