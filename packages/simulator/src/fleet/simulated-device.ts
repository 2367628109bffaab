import { type ClientLog, CloudClient, type SecureStorage } from '@mooring/device';
import type { DeviceReport } from '@mooring/lwm2m';
import { parseCertificate } from '@mooring/pki';
import { systemClock, systemTimers } from '@mooring/platform';
import { SimulatedApplication } from './application.ts';
import { clockOf } from './clocks.ts';
import { DeviceNetwork } from './device-network.ts';
import { type Flash, storageOf } from './flash.ts';

/** Who a device is, as it was told. */
export interface Identity {
  readonly deviceId: string;
  /** Subject of its certificate for the LwM2M server. */
  readonly subject: string;
}

export interface DeviceOptions {
  /** Number of the device in the whole simulation. */
  readonly index: number;
  readonly flash: Flash;
  /** Seconds. */
  readonly lifetime: number;
  /** Percent of the devices whose clock is wrong. */
  readonly wrongClocks: number;
  /** For `mccv`. */
  readonly version: string;
  happened(device: SimulatedDevice, what: DeviceReport, detail: string | undefined): void;
  /** An error of the program, not of the network. */
  fault(text: string): void;
}

const silent: Pick<ClientLog, 'warn' | 'info' | 'debug' | 'reopen' | 'close'> = {
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
  reopen: () => undefined,
  close: () => undefined,
};

/** One device: the client that runs on real ones, with a flash memory, a clock, a network and an application of its own. */
export class SimulatedDevice {
  readonly index: number;
  readonly network: DeviceNetwork;
  readonly application: SimulatedApplication;
  readonly #client: CloudClient;
  readonly #storage: SecureStorage;

  private constructor(index: number, network: DeviceNetwork, client: CloudClient, storage: SecureStorage) {
    this.index = index;
    this.network = network;
    this.application = new SimulatedApplication(client.tree);
    this.#client = client;
    this.#storage = storage;
  }

  /** @throws MooringError `client.unprovisioned` */
  static async make(options: DeviceOptions): Promise<SimulatedDevice> {
    const { index, flash, happened, fault } = options;
    const { clock, isRight } = clockOf(index, options.wrongClocks);
    const network = new DeviceNetwork(isRight ? undefined : clock);
    const storage = await storageOf(flash);
    let device: SimulatedDevice | undefined;
    const client = await CloudClient.open({
      storage,
      clock: isRight ? systemClock : clock,
      timers: systemTimers,
      log: { ...silent, error: (text) => void (text.startsWith('A fault') && fault(text)) },
      version: options.version,
      lifetime: options.lifetime,
      connect: (to) => network.connect(to),
      reported: (what, detail) => device && happened(device, what, detail),
    });
    device = new SimulatedDevice(index, network, client, storage);
    return device;
  }

  start(): Promise<void> {
    return this.#client.start();
  }

  /** Deregisters, unless the simulation leaves without a word. */
  stop(patience?: number): Promise<void> {
    this.network.wake();
    return this.#client.stop(patience);
  }

  /** As far as the device knows. */
  get isRegistered(): boolean {
    return this.#client.state.state === 'registered';
  }

  /** Asks for a registration update; told as `updated`. */
  update(): void {
    this.#client.client.updateNow();
  }

  /** Bootstraps again, as on an order of the service. */
  bootstrap(): void {
    this.#client.client.bootstrapNow();
  }

  /** Whether the service has heard of the value as it is now; false where the connection ends before that. */
  heard(path: readonly number[]): Promise<boolean> {
    return this.#client.client.heard(path);
  }

  /** As its storage has it; undefined before its first bootstrap. */
  async identity(): Promise<Identity | undefined> {
    const certificate = await this.#storage.get('mbed.LwM2MDeviceCert');
    const { deviceId } = this.#client.state;
    if (!certificate || deviceId === undefined) return undefined;
    return { deviceId, subject: parseCertificate(certificate.data).subjectText };
  }
}
