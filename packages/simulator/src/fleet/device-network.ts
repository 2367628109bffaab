import { parseCertificate } from '@mooring/pki';
import type { Clock } from '@mooring/platform';
import { type ConnectOptions, connectTls, type SecureChannel, transportErrors } from '@mooring/transport';
import { CuttableChannel } from './cuttable-channel.ts';

/** What stands between one device and the service. */
export class DeviceNetwork {
  readonly #clock: Clock | undefined;
  #channel: CuttableChannel | undefined;
  #asleep: Promise<void> | undefined;
  #wake: (() => void) | undefined;

  /** @param clock by which the device judges the server's certificate, where that is not the machine's */
  constructor(clock: Clock | undefined) {
    this.#clock = clock;
  }

  /** For `CloudClientOptions.connect`. */
  async connect(options: ConnectOptions): Promise<SecureChannel> {
    await this.#awake(options.signal);
    const channel = await connectTls(options);
    if (this.#clock) judge(channel, this.#clock.now());
    this.#channel = new CuttableChannel(channel);
    return this.#channel;
  }

  /** Breaks the connection that there is; `unnoticed`: neither side hears of it. */
  cut(unnoticed = false): void {
    if (unnoticed) this.#channel?.silence();
    else this.#channel?.cut();
  }

  /** Says goodbye and does not connect again before `wake`. */
  sleep(): void {
    if (this.#asleep) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#asleep = promise;
    this.#wake = resolve;
    this.#channel?.close();
  }

  wake(): void {
    this.#wake?.();
    this.#asleep = undefined;
    this.#wake = undefined;
  }

  async #awake(signal: AbortSignal | undefined): Promise<void> {
    if (!this.#asleep) return;
    const aborted = new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve(), { once: true }));
    await Promise.race([this.#asleep, aborted]);
    signal?.throwIfAborted();
  }
}

/** OpenSSL judges by the clock of this machine, which is right; a device whose clock is wrong has nothing else. */
function judge(channel: SecureChannel, now: Date): void {
  for (const der of channel.peer.certificates) {
    const { notBefore, notAfter } = parseCertificate(der);
    if (now >= notBefore && now <= notAfter) continue;
    channel.destroy();
    throw transportErrors('transport.peer.untrusted', {
      message: `By the clock of the device it is ${now.toISOString()}, and a certificate of the server is not valid then.`,
    });
  }
}
