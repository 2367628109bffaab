import { dtlsAddon, type NativeSession, type Outcome, states } from '../src/dtls/addon.ts';
import { identity } from './identity.ts';

const server = identity('server', undefined, 'server');
const device = identity('device');

/** Client and server of the addon, which talk to each other without a network. */
export class DtlsPair {
  readonly addon = dtlsAddon();
  readonly client: NativeSession;
  readonly server: NativeSession;
  readonly seen: { from: 'client' | 'server'; datagram: Uint8Array }[] = [];
  #isKnown = false;

  constructor(ciphers: string) {
    const common = {
      preSharedKeys: false,
      ciphers: `${ciphers}:@SECLEVEL=0`,
      groups: 'P-256',
      signatures: 'ECDSA+SHA256',
    };
    const { addon } = this;
    const contextOf = (isServer: boolean, { key, certificate }: typeof server) =>
      addon.context({ ...common, isServer, key, certificate });
    this.server = addon.session(contextOf(true, server), true, 1232, 2_000_000);
    this.client = addon.session(contextOf(false, device), false, 1232, 2_000_000);
  }

  toServer(datagram: Uint8Array): Outcome {
    if (this.#isKnown) return this.addon.receive(this.server, datagram);
    const outcome = this.addon.listen(this.server, datagram, Buffer.from('place'), 1);
    this.#isKnown = outcome.isClient;
    return outcome;
  }

  /** Passes on what is sent, changed by `change`, until nobody says anything more. Returns the states at the end. */
  run(change: (from: 'client' | 'server', datagram: Uint8Array) => Uint8Array = (_, datagram) => datagram) {
    let atClient = this.addon.receive(this.client, new Uint8Array());
    let atServer: Outcome | undefined;
    let fromClient = atClient.datagrams;
    while (fromClient.length > 0) {
      const fromServer: Uint8Array[] = [];
      for (const datagram of fromClient) {
        this.seen.push({ from: 'client', datagram });
        atServer = this.toServer(change('client', datagram));
        fromServer.push(...atServer.datagrams);
      }
      const next: Uint8Array[] = [];
      for (const datagram of fromServer) {
        this.seen.push({ from: 'server', datagram });
        atClient = this.addon.receive(this.client, change('server', datagram));
        next.push(...atClient.datagrams);
      }
      fromClient = next;
    }
    return { isOpen: atClient.state === states.open && atServer?.state === states.open, atClient, atServer };
  }

  free(): void {
    this.addon.free(this.client);
    this.addon.free(this.server);
  }
}
