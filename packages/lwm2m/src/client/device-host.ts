import type { CoapConnection } from '@mooring/coap';
import type { AccountsDraft, ClientAccount } from '../bootstrap/accounts-draft.ts';
import type { BootstrapResult } from '../bootstrap/client-machine.ts';
import type { DeviceIdentity } from './flavour.ts';
import type { LifeReport, Target } from './life.ts';

/** What happened to a device, for its log. */
export type DeviceReport =
  | LifeReport
  | 'connecting'
  | 'connected'
  | 'not connected'
  | 'lost'
  | 'bootstrapped'
  | 'not bootstrapped';

/** The other end is not who it should be, or does not take our certificate; thrown by `DeviceHost.connect`. */
export class UntrustedPeer extends Error {
  override readonly name = 'UntrustedPeer';
}

/** What a device client leaves to whoever runs it: keys, storage and connections. */
export interface DeviceHost {
  /** A channel to the server, its handshake done and the server's certificate checked. `UntrustedPeer` where that fails. */
  connect(to: Target, signal: AbortSignal): Promise<CoapConnection['channel']>;
  identity(to: Target): DeviceIdentity;
  /** There is a server to register with. */
  hasAccount(): boolean;
  /** What the device has of its servers before a bootstrap, the bootstrap server's own account above all. */
  accounts(): AccountsDraft;
  /**
   * Stores what a bootstrap gave, all or nothing; throws where it is of no use, and the old account stays.
   * Where it came by EST, the key is the one that `certificateRequest` made.
   */
  store(result: BootstrapResult): Promise<void>;
  /** The server does not know this account any more. */
  forgetAccount(): void;
  /** Makes a key, and a request (PKCS#10, DER) for its certificate. */
  certificateRequest?(account: ClientAccount, internalEndpoint: string): Promise<Uint8Array>;
  report?(what: DeviceReport, detail?: string): void;
  /** Faults of the program. */
  fault(error: unknown): void;
}
