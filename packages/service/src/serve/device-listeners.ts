import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Clock, Timers } from '@mooring/platform';
import {
  type Credentials,
  dtlsMissing,
  type KeyOwner,
  type Limits,
  type ListenerStats,
  listenDtls,
  listenTls,
  type Refusal,
  type SecureChannel,
  type SecureListener,
  type Verdict,
} from '@mooring/transport';
import type { DeviceTransport } from '../metrics/device-metrics.ts';

/** The application protocol of RFC 8323; Pelion's clients name none, and have one message per TLS record. */
const applicationProtocols = ['coap'] as const;

/** Who may come in by a listener, and what becomes of whoever did. */
export interface Door<Identity> {
  judge(
    certificates: readonly Uint8Array[],
    from: { readonly address: string },
  ): Verdict<Identity> | Promise<Verdict<Identity>>;
  /** The pre-shared key of an identity, over DTLS. */
  keyOf(identity: string, from: { readonly address: string }): Promise<KeyOwner<Identity> | undefined>;
  accept(channel: SecureChannel, identity: Identity): void;
  refused(refusal: Refusal, transport: DeviceTransport): void;
}

export interface DeviceListenerOptions {
  /** Name or address. */
  readonly host: string;
  /** Of TCP, and of UDP as well. */
  readonly port: number;
  readonly credentials: Credentials;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Whether UDP is listened on, where this machine can do DTLS. */
  readonly dtls: boolean;
}

/** The listeners of one server for devices: one on TCP and, where it can be, one on UDP. */
export class DeviceListeners {
  readonly #listeners: Partial<Record<DeviceTransport, SecureListener>>;

  private constructor(listeners: Partial<Record<DeviceTransport, SecureListener>>) {
    this.#listeners = listeners;
  }

  /** @throws MooringError `transport.listen.failed`, `transport.credentials.invalid` */
  static async open<Identity>(door: Door<Identity>, options: DeviceListenerOptions): Promise<DeviceListeners> {
    const { port, credentials, limits, clock, timers } = options;
    // A socket for UDP is of one family, which a name does not tell.
    const host = isIP(options.host) === 0 ? (await lookup(options.host)).address : options.host;
    const common = {
      ...{ host, port, credentials, limits, clock, timers },
      profile: 'pelion' as const,
      verifyPeer: (certificates: readonly Uint8Array[], from: { address: string }) => door.judge(certificates, from),
      channel: (channel: SecureChannel, identity: Identity) => door.accept(channel, identity),
    };
    const tls = await listenTls({
      ...common,
      alpn: applicationProtocols,
      refused: (refusal) => door.refused(refusal, 'tls'),
    });
    if (!options.dtls || dtlsMissing !== undefined) return new DeviceListeners({ tls });
    try {
      const dtls = await listenDtls({
        ...common,
        preSharedKey: (identity, from) => door.keyOf(identity, from),
        refused: (refusal) => door.refused(refusal, 'dtls'),
      });
      return new DeviceListeners({ tls, dtls });
    } catch (error) {
      await tls.close(0);
      throw error;
    }
  }

  get stats(): Partial<Record<DeviceTransport, ListenerStats>> {
    const { tls, dtls } = this.#listeners;
    return { ...(tls && { tls: tls.stats }), ...(dtls && { dtls: dtls.stats }) };
  }

  setCredentials(credentials: Credentials): void {
    for (const listener of Object.values(this.#listeners)) listener.setCredentials(credentials);
  }

  async close(grace: number): Promise<void> {
    await Promise.all(Object.values(this.#listeners).map((listener) => listener.close(grace)));
  }
}
