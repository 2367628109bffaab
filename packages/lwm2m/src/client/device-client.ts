import {
  type Answer,
  CoapConnection,
  type CoapOptions,
  type Code,
  codes,
  type Download,
  type DownloadOptions,
  type IncomingRequest,
  isSuccess,
  type Request,
  type RequestOptions,
  type Response,
} from '@mooring/coap';
import { backgroundTimers, type Timer, type Timers } from '@mooring/platform';
import type { BootstrapClientSettings } from '../bootstrap/client-machine.ts';
import { type Catalogue, standardCatalogue } from '../definitions/catalogue.ts';
import { encodeEntries } from '../formats/codec.ts';
import { contentFormats } from '../formats/content-format.ts';
import { Machine } from '../machine/machine.ts';
import { entriesOf } from '../model/node.ts';
import type { Path } from '../model/path.ts';
import { refusingMalformed } from '../refusal.ts';
import type { RegisteredLinks } from '../registration/links.ts';
import { BootstrapRun } from './bootstrap-run.ts';
import { type DeviceHost, UntrustedPeer } from './device-host.ts';
import type { Flavour } from './flavour.ts';
import { type LifeEffect, type LifeEvent, type LifePhase, type LifeState, life, stoppedLife } from './life.ts';
import type { ObjectTree } from './object-tree.ts';
import { QuietPing } from './quiet-ping.ts';
import { DeviceServing } from './serving.ts';
import { treeCatalogue } from './tree-catalogue.ts';

export interface DeviceClientOptions {
  readonly flavour: Flavour;
  readonly tree: ObjectTree;
  readonly host: DeviceHost;
  /** Seconds, until a server says otherwise. */
  readonly lifetime: number;
  readonly catalogue?: Catalogue;
  /** `systemTimers` where the process is to live for this; others let it end. */
  readonly timers?: Timers;
  /** 0 to below 1; spreads what thousands of devices would do at the same moment. */
  random?(): number;
}

/** Which device a connection belongs to: all devices of a process share the options of their connections. */
const clients = new WeakMap<CoapConnection, DeviceClient>();
const sharedOptions = new Map<string, WeakMap<Timers, CoapOptions>>();

function optionsFor(framing: Flavour['framing'], timers: Timers): CoapOptions {
  let byTimers = sharedOptions.get(framing);
  if (!byTimers) sharedOptions.set(framing, (byTimers = new WeakMap()));
  let options = byTimers.get(timers);
  if (!options) {
    options = {
      framing,
      timers,
      handler: (request, { connection }) =>
        clients.get(connection)?.handle(request, connection) ?? { code: codes.serviceUnavailable },
      fault: (error, connection) => clients.get(connection)?.fault(error),
    };
    byTimers.set(timers, options);
  }
  return options;
}

/**
 * A device towards its servers: bootstraps, registers, keeps the registration alive, answers and notifies, and comes back
 * after whatever happens. Light enough for thousands in one process.
 */
export class DeviceClient {
  readonly #flavour: Flavour;
  readonly #host: DeviceHost;
  readonly #timers: Timers;
  readonly #tree: ObjectTree;
  readonly #serving: DeviceServing;
  readonly #bootstrapSettings: BootstrapClientSettings;
  readonly #machine: Machine<LifeState, LifeEvent, LifeEffect>;
  #connection: CoapConnection | undefined;
  #connecting: AbortController | undefined;
  #bootstrap: BootstrapRun | undefined;
  #timer: Timer | undefined;
  #autoObserveNumber = 0;

  constructor(options: DeviceClientOptions) {
    const { flavour, tree, host, lifetime, timers = backgroundTimers, random = Math.random } = options;
    this.#flavour = flavour;
    this.#host = host;
    this.#timers = timers;
    this.#tree = tree;
    const catalogue = treeCatalogue(tree, options.catalogue ?? standardCatalogue);
    this.#bootstrapSettings = { rules: flavour.bootstrapRules, catalogue };
    this.#serving = new DeviceServing(tree, flavour, catalogue, timers);
    const rules = { random, ...(flavour.updateEvery === undefined ? {} : { updateEvery: flavour.updateEvery }) };
    this.#machine = new Machine<LifeState, LifeEvent, LifeEffect>(
      { state: stoppedLife(lifetime), effects: [] },
      (state, event) => life(state, event, rules),
      (effect) => this.#perform(effect),
    );
    tree.listen({
      valueChanged: (path) => this.#serving.valueChanged(path),
      structureChanged: () => this.#machine.dispatch({ type: 'structure changed' }),
    });
  }

  get phase(): LifePhase {
    return this.#machine.state.phase;
  }

  /** Seconds. */
  get lifetime(): number {
    return this.#machine.state.lifetime;
  }

  /** Segments of the registration that the server is believed to hold. */
  get location(): readonly string[] | undefined {
    return this.#machine.state.location;
  }

  start(): void {
    this.#machine.dispatch({ type: 'start', hasAccount: this.#host.hasAccount() });
  }

  /** Deregisters if registered, and ends. */
  stop(): void {
    this.#machine.dispatch({ type: 'stop' });
  }

  /** The server wrote `/1/x/1`, or the device itself decided so. Seconds. */
  setLifetime(lifetime: number): void {
    this.#machine.dispatch({ type: 'lifetime changed', lifetime });
  }

  /** Registration Update Trigger. */
  updateNow(): void {
    this.#machine.dispatch({ type: 'update asked' });
  }

  /** Bootstrap-Request Trigger. The account stays until a new one is there. */
  bootstrapNow(): void {
    this.#machine.dispatch({ type: 'bootstrap asked' });
  }

  /** Disable: deregisters, and comes back after so many milliseconds. */
  disable(milliseconds: number): void {
    this.#machine.dispatch({ type: 'disable', milliseconds });
  }

  /** Breaks the connection as a network would. */
  breakConnection(): void {
    this.#connection?.destroy();
  }

  /** Sends any request to the server, such as one for a certificate; undefined where there is no connection. */
  request(request: Request, options?: RequestOptions): Promise<Response> | undefined {
    return this.phase === 'registered' || this.phase === 'updating'
      ? this.#connection?.request(request, options)
      : undefined;
  }

  /** Asks the server for something large, piece by piece from an offset; undefined where there is no connection. */
  download(request: Request, options?: DownloadOptions): AsyncGenerator<Download, void> | undefined {
    return this.phase === 'registered' || this.phase === 'updating'
      ? this.#connection?.download(request, options)
      : undefined;
  }

  /**
   * Whether the server has heard of the value as it is now: resolves when it has acknowledged the notification, and to false
   * where the connection ends before that, or where nobody observes the path. An update waits so between its states.
   */
  heard(path: Path): Promise<boolean> {
    return this.#serving.heard(path);
  }

  /** Sends values of itself (Send, OMA LwM2M 1.1 §6.4.6). */
  send(paths: readonly Path[]): Promise<Response> | undefined {
    const entries = paths.flatMap((path) => {
      const node = this.#tree.read(path);
      return node ? entriesOf(path, node) : [];
    });
    const contentFormat = contentFormats.senmlCbor;
    const payload = encodeEntries(contentFormat, entries, this.#bootstrapSettings.catalogue);
    return this.request({ method: 'POST', path: ['dp'], contentFormat, payload });
  }

  handle(request: IncomingRequest, connection: CoapConnection): Answer | Promise<Answer> {
    if (connection !== this.#connection) return { code: codes.serviceUnavailable };
    return this.#bootstrap?.handle(request) ?? refusingMalformed(() => this.#serving.handle(request, connection));
  }

  fault(error: unknown): void {
    this.#host.fault(error);
  }

  #perform(effect: LifeEffect): void {
    switch (effect.type) {
      case 'connect':
        void this.#connect(effect.to);
        break;
      case 'disconnect':
        this.#disconnect();
        break;
      case 'bootstrap':
        void this.#runBootstrap();
        break;
      case 'register':
        void this.#register(effect.lifetime);
        break;
      case 'update':
        void this.#update(effect);
        break;
      case 'deregister':
        void this.#ask({ method: 'DELETE', path: effect.location });
        break;
      case 'forget account':
        this.#host.forgetAccount();
        break;
      case 'wait':
        this.#timer?.cancel();
        this.#timer = this.#timers.after(effect.milliseconds, () => this.#machine.dispatch({ type: 'waited' }));
        break;
      case 'stop waiting':
        this.#timer?.cancel();
        break;
      case 'report':
        this.#host.report?.(effect.what);
        break;
    }
  }

  async #connect(to: 'bootstrap' | 'server'): Promise<void> {
    const connecting = new AbortController();
    this.#connecting = connecting;
    this.#host.report?.('connecting', to);
    let channel: CoapConnection['channel'];
    try {
      channel = await this.#host.connect(to, connecting.signal);
    } catch (error) {
      if (connecting.signal.aborted) return;
      this.#host.report?.('not connected', (error as Error).message);
      this.#machine.dispatch({ type: 'not connected', untrusted: error instanceof UntrustedPeer });
      return;
    }
    if (connecting.signal.aborted) {
      channel.destroy();
      return;
    }
    const connection = new CoapConnection(channel, optionsFor(this.#flavour.framing, this.#timers));
    clients.set(connection, this);
    this.#connection = connection;
    const { pingAfter } = this.#flavour;
    if (pingAfter !== undefined) new QuietPing(connection, pingAfter, this.#timers);
    void connection.closed.then(() => this.#closed(connection));
    this.#host.report?.('connected', to);
    this.#machine.dispatch({ type: 'connected' });
  }

  #closed(connection: CoapConnection): void {
    if (connection !== this.#connection) return;
    this.#connection = undefined;
    this.#serving.disconnected();
    // The run of a bootstrap tells how it ended.
    if (this.#bootstrap) return;
    this.#host.report?.('lost');
    this.#machine.dispatch({ type: 'lost' });
  }

  #disconnect(): void {
    this.#connecting?.abort();
    const connection = this.#connection;
    this.#connection = undefined;
    this.#serving.disconnected();
    void connection?.close();
  }

  async #runBootstrap(): Promise<void> {
    const connection = this.#connection;
    if (!connection) return;
    const run = new BootstrapRun(connection, this.#host, this.#flavour, this.#bootstrapSettings, this.#timers);
    this.#bootstrap = run;
    run.start();
    const { result, reason } = await run.outcome;
    let failure = reason;
    if (result) {
      try {
        await this.#host.store(result);
      } catch (error) {
        failure = (error as Error).message;
      }
    }
    if (this.#bootstrap === run) this.#bootstrap = undefined;
    if (failure !== undefined || !result) {
      this.#host.report?.('not bootstrapped', failure);
      this.#machine.dispatch({ type: 'not bootstrapped' });
      return;
    }
    this.#host.report?.('bootstrapped');
    this.#machine.dispatch({ type: 'bootstrapped', lifetime: result.accounts[0]?.lifetime });
  }

  #links(): RegisteredLinks {
    return this.#flavour.links(this.#tree, () => {
      // Two bytes, and not 0.
      this.#autoObserveNumber = (this.#autoObserveNumber % 0xffff) + 1;
      return this.#autoObserveNumber;
    });
  }

  /** New links have new numbers of auto-observation: the old ones count no more as soon as the server may have them. */
  #announced(links: RegisteredLinks): void {
    if (this.#connection) this.#serving.announced(links, this.#connection);
  }

  async #register(lifetime: number): Promise<void> {
    this.#serving.registering();
    const links = this.#links();
    const request = this.#flavour.registerRequest(this.#host.identity('server'), lifetime, links);
    await this.#ask(request, () => this.#announced(links));
  }

  async #update({ location, lifetime, links: withLinks }: LifeEffect & { type: 'update' }): Promise<void> {
    const links = withLinks ? this.#links() : undefined;
    if (links) this.#serving.announcing();
    await this.#ask(this.#flavour.updateRequest(location, lifetime, links), () => {
      if (links) this.#announced(links);
      else if (this.#connection) this.#serving.resumed(this.#connection);
    });
  }

  /** @param accepted before anything follows from the answer */
  async #ask(request: Request, accepted?: () => void): Promise<void> {
    const connection = this.#connection;
    if (!connection) return;
    let event: LifeEvent;
    try {
      const { code, locationPath, maxAge } = await connection.request(request);
      if (isSuccess(code)) accepted?.();
      event = answeredEvent(code, locationPath, maxAge);
    } catch {
      event = { type: 'unanswered' };
    }
    if (connection === this.#connection) this.#machine.dispatch(event);
  }
}

const answeredEvent = (code: Code, location: readonly string[] | undefined, maxAge: number | undefined): LifeEvent => ({
  type: 'answered',
  code,
  ...(location === undefined ? {} : { location }),
  ...(maxAge === undefined ? {} : { maxAge }),
});
