import { readFile } from 'node:fs/promises';
import type { ObjectTree, Path } from '@mooring/lwm2m';
import type { KnownTime } from '@mooring/manifest';
import { ensureDirectory, isMooringError, openForReading, type Timer, type Timers } from '@mooring/platform';
import type { ClientLog } from '../../cloud-client/log.ts';
import { type BlockDownload, coapSource } from '../download/coap.ts';
import { downloadImage, imagePath, keepImages } from '../download/download.ts';
import { httpSource } from '../download/http.ts';
import type { ImageSource } from '../download/source.ts';
import { updateErrors } from '../errors.ts';
import { applyDeltaToFile, payloadsOf } from '../image/image.ts';
import type { Pending } from '../installer/installer.ts';
import type { Software } from '../software.ts';
import { forgetOrder, type KeptOrder, keepOrder, readOrder } from './kept-order.ts';
import { type JudgedBy, judgeOrder, judgeSuccessor, type Order } from './order.ts';
import { good, ofError, type ResultCode } from './result-codes.ts';
import type { UpdateTarget } from './target.ts';
import { standardResults, states, UpdateObjects } from './update-objects.ts';

export interface ServiceUpdatesWorld {
  readonly target: UpdateTarget;
  readonly tree: ObjectTree;
  readonly timers: Timers;
  readonly log: ClientLog;
  /** What the device judges manifests by, as of now; what runs is added. */
  credentials(): Promise<(Omit<JudgedBy, 'running' | 'time'> & { readonly time: KnownTime | undefined }) | undefined>;
  /** The update certificate was replaced by the one that its owner signed for. */
  replaceCertificate(certificate: Uint8Array): Promise<void>;
  /** Whether the server has heard of what this path says. */
  heard(path: Path): Promise<boolean>;
  download: BlockDownload;
  fault(error: unknown): void;
}

const statePath: Path = [10252, 0, 2];
const resultPath: Path = [10252, 0, 3];
/** ms. An update goes on without the server having heard: it is told again with the next registration. */
const hearPatience = 60_000;

/** Updates as the service orders them: judged, downloaded, installed, and told of, over restarts and lost connections. */
export class ServiceUpdates {
  readonly #world: ServiceUpdatesWorld;
  readonly #objects: UpdateObjects;
  readonly #ending = new AbortController();
  #busy: Promise<void> = Promise.resolve();
  #working = false;
  /** Manifests that came while another one was worked on: only the last one counts. */
  #next: KeptOrder | undefined;
  #approve: (() => void) | undefined;
  #registered = false;
  #onTrial = false;
  #trialTimer: Timer | undefined;
  #untold: (() => Promise<void>) | undefined;

  constructor(world: ServiceUpdatesWorld) {
    this.#world = world;
    this.#objects = new UpdateObjects(world.tree, {
      package: (manifest, from) => this.#taken({ manifest, from }),
      packageUri: (uri) => void this.#manifestFrom(uri).catch((error: unknown) => this.#world.fault(error)),
      install: () => {
        const approve = this.#approve;
        approve?.();
        return approve !== undefined;
      },
    });
  }

  /** Goes on where the last start left off. @returns false where the device, or this program, ends for it */
  async start(): Promise<boolean> {
    const { target, log, timers } = this.#world;
    await ensureDirectory(target.folder, 0o700);
    let pending: Pending;
    try {
      pending = await target.recover();
    } catch (error) {
      // What cannot be mended now must not keep the device from its service.
      log.error(`An update cannot be gone on with: ${(error as Error).message}`);
      pending = 'nothing';
    }
    if (pending === 'agent' || pending === 'device') {
      log.info(`An update needs a restart (${pending}).`);
      await target.restart(pending);
      return false;
    }
    for (const line of await target.startApplications()) log.error(`Application not started: ${line}`);
    const { running, last } = await target.installation();
    this.#objects.runs(running);
    if (pending === 'confirmation') {
      this.#onTrial = true;
      this.#objects.state(states.restarting);
      log.info('New software is on trial: it has to reach the service.');
      this.#trialTimer = timers.after(target.confirmWithin, () => this.#giveUp());
    } else if (last && !last.reported && last.source === 'service') {
      this.#tellLast(last.failure?.code);
    } else {
      const order = await readOrder(target.folder);
      if (order) this.#taken(order);
    }
    return true;
  }

  /** The device is registered: what waited for that goes on. */
  registered(): void {
    this.#registered = true;
    const untold = this.#untold;
    if (this.#onTrial) this.#serially(() => this.#confirm());
    else if (untold) this.#serially(untold);
  }

  disconnected(): void {
    this.#registered = false;
  }

  /** Ends what can be ended; a download goes on at the next start. */
  async stop(): Promise<void> {
    this.#ending.abort();
    this.#trialTimer?.cancel();
    await this.#busy;
  }

  #serially(work: () => Promise<void>): void {
    this.#busy = this.#busy.then(work).catch((error: unknown) => this.#world.fault(error));
  }

  #taken(order: KeptOrder): void {
    if (this.#working || this.#onTrial) {
      // What the service sends again after a lost answer is the one that is worked on.
      this.#next = order;
      return;
    }
    this.#working = true;
    this.#serially(async () => {
      try {
        await this.#work(order);
      } finally {
        this.#working = false;
        const next = this.#next;
        this.#next = undefined;
        const isSame = next && Buffer.from(next.manifest).equals(order.manifest);
        if (next && !isSame && !this.#ending.signal.aborted) this.#taken(next);
      }
    });
  }

  async #manifestFrom(uri: string): Promise<void> {
    const source = this.#source(uri.split(':')[0] ?? '');
    const parts: Uint8Array[] = [];
    const size = 64 * 1024;
    try {
      if (!source) throw new Error(`${uri} is no address that can be downloaded from`);
      for await (const { data } of source(uri, { offset: 0, size, signal: this.#ending.signal }))
        parts.push(data.slice());
    } catch (error) {
      this.#world.log.error(`The manifest cannot be downloaded: ${(error as Error).message}`);
      this.#objects.result(24, standardResults.invalidUri);
      return;
    }
    this.#taken({ manifest: new Uint8Array(Buffer.concat(parts)), from: 'standard' });
  }

  #source(scheme: string): ImageSource | undefined {
    if (scheme === 'http' || scheme === 'https') return httpSource;
    return scheme === 'coap' || scheme === 'coaps' ? coapSource(this.#world.download) : undefined;
  }

  async #work(kept: KeptOrder): Promise<void> {
    const { target, log } = this.#world;
    this.#objects.result(-1, standardResults.initial);
    await this.#say(states.processing);
    const credentials = await this.#world.credentials();
    const { running } = await target.installation();
    if (!credentials) {
      log.error('A manifest came, and the device has no update certificate.');
      return this.#end({ v1: 208, v3: 23 }, 'v1', standardResults.failed);
    }
    const verdict = judgeOrder(kept.manifest, { ...credentials, running });
    if (!verdict.ok) {
      log.error(`Manifest refused: ${verdict.reasons.join('; ')}`);
      return this.#end(verdict.code, verdict.schema, standardResults.integrity);
    }
    const { order } = verdict;
    if (verdict.already) return this.#finished(order);
    await keepOrder(target.folder, kept);
    try {
      const path = await this.#fetch(order);
      await this.#approval(order, kept.from);
      await this.#say(states.installing);
      if (order.purpose === 'successor') await this.#succeed(path, credentials);
      else if ((await this.#install(order, path)) === 'leaves') return;
      await this.#finished(order);
    } catch (error) {
      if (this.#ending.signal.aborted) return;
      if (!isMooringError(error)) throw error;
      log.error(error.message);
      const isSpace = error.code === 'update.space' || error.code === 'file.disk.full';
      await this.#end(
        order.format === 'delta' && error.code === 'update.refused' ? { v1: 229, v3: 32 } : ofError(error.code),
        order.schema,
        isSpace ? standardResults.noSpace : standardResults.failed,
      );
      await target.reported();
    }
  }

  async #fetch(order: Order): Promise<string> {
    const { target, log, timers } = this.#world;
    await this.#say(states.awaitingDownload);
    log.info('Firmware download requested');
    log.info('Authorization granted');
    await this.#say(states.downloading);
    let percent = -1;
    const path = await downloadImage(order, {
      folder: target.folder,
      timers,
      signal: this.#ending.signal,
      source: (scheme) => this.#source(scheme),
      progress(bytes) {
        const now = Math.floor((100 * bytes) / order.size);
        if (now >= percent + 5) log.info(`Downloading: ${(percent = now)} %`);
      },
      failed: (reason, retryIn) => log.warn(`Download: ${reason}; again in ${Math.ceil(retryIn / 1000)} s`),
      ...(target.free ? { free: target.free } : {}),
    });
    log.info('Download completed');
    if (order.schema === 'v1') await this.#say(states.downloaded);
    return path;
  }

  /** The device itself consents at once; a server that ordered by object 5 says when (OMA LwM2M 1.0, E.6.1). */
  async #approval(order: Order, from: KeptOrder['from']): Promise<void> {
    const { log } = this.#world;
    const { signal } = this.#ending;
    // Waited for from before the server hears that it may.
    const approved = new Promise<void>((resolve) => {
      if (from === 'pelion') resolve();
      else this.#approve = resolve;
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    await this.#say(states.awaitingInstall);
    log.info('Firmware install requested');
    await approved;
    this.#approve = undefined;
    if (signal.aborted) throw updateErrors('update.interrupted', { message: 'The client ends.' });
    log.info(`Authorization granted: version ${order.software.version}`);
  }

  /** @returns whether the device, or this program, ends for it */
  async #install(order: Order, downloaded: string): Promise<'stays' | 'leaves'> {
    const { target, log } = this.#world;
    const path = order.format === 'delta' ? await this.#patched(order, downloaded) : downloaded;
    const file = await openForReading(path);
    let pending: Pending;
    try {
      const payloads = order.format === 'combined' ? await payloadsOf(file) : [file];
      pending = await target.install({ payloads, file: path, software: order.software, source: 'service' });
    } finally {
      await file.close();
    }
    if (pending !== 'agent' && pending !== 'device') return 'stays';
    await this.#say(states.restarting);
    log.info(pending === 'device' ? 'Rebooting the system' : 'The client starts anew');
    await target.restart(pending);
    return 'leaves';
  }

  /** The image that a delta makes out of the one that runs, which was kept for that. */
  async #patched({ installed, software }: Order, delta: string): Promise<string> {
    const { folder } = this.#world.target;
    const old = await openForReading(imagePath(folder, installed?.precursor ?? '')).catch(() => undefined);
    if (!old || !installed) {
      await old?.close();
      throw updateErrors('update.refused', {
        message: 'The image that the delta is for was not kept on this device.',
        next: 'Send the whole image.',
      });
    }
    const path = imagePath(folder, software.digest);
    const source = await openForReading(delta);
    try {
      await applyDeltaToFile(old, source, path, { size: installed.size, digest: Buffer.from(installed.digest, 'hex') });
    } finally {
      await old.close();
      await source.close();
    }
    return path;
  }

  async #succeed(path: string, { certificate, time }: { certificate: Uint8Array; time: KnownTime | undefined }) {
    const data = await readFile(path);
    const next = judgeSuccessor(data, certificate, time?.at);
    if (typeof next === 'string') {
      throw updateErrors('update.image.wrong', {
        message: `The certificate that is to follow cannot: ${next}.`,
        next: 'Make a certificate that ends later, and sign for it again.',
      });
    }
    await this.#world.replaceCertificate(data);
    this.#world.log.info(`The update certificate was replaced by its successor, ${next.fingerprint}`);
  }

  async #finished({ schema }: Order): Promise<void> {
    const { target } = this.#world;
    const { running } = await target.installation();
    this.#objects.runs(running);
    await keepImages(target.folder, new Set(running ? [running.digest] : []));
    await this.#end(good, schema, standardResults.success);
    await target.reported();
  }

  /** Result first, then idle, as Pelion's clients tell it. */
  async #end(code: ResultCode, schema: Order['schema'], standard: number): Promise<void> {
    this.#objects.result(schema === 'v1' ? code.v1 : code.v3, standard);
    await this.#heard(resultPath);
    await this.#say(states.idle);
    await forgetOrder(this.#world.target.folder);
  }

  async #say(state: number): Promise<void> {
    this.#objects.state(state);
    await this.#heard(statePath);
  }

  /** Until the server has it, or a while has passed: without a connection the last word is what is told later. */
  async #heard(path: Path): Promise<void> {
    const { heard, timers } = this.#world;
    if (!this.#registered || this.#ending.signal.aborted) return;
    let timer: Timer | undefined;
    const patience = new Promise<boolean>((resolve) => {
      timer = timers.after(hearPatience, () => resolve(false));
      this.#ending.signal.addEventListener('abort', () => resolve(false), { once: true });
    });
    await Promise.race([heard(path), patience]);
    timer?.cancel();
  }

  async #confirm(): Promise<void> {
    if (!this.#onTrial) return;
    const { target, log } = this.#world;
    this.#trialTimer?.cancel();
    await target.confirm();
    this.#onTrial = false;
    log.info('The new software has reached its service and stays.');
    await this.#tell(undefined);
  }

  #giveUp(): void {
    if (!this.#onTrial) return;
    const { target, log } = this.#world;
    this.#serially(async () => {
      if (!this.#onTrial) return;
      const message = 'The new software did not reach its service in time.';
      log.error(`${message} The old one comes back.`);
      this.#onTrial = false;
      const pending = await target.giveUp({ code: 'update.not.confirmed', message });
      if (pending === 'agent' || pending === 'device') await target.restart(pending);
    });
  }

  /** What became of an update before this start is told once the device is registered. */
  #tellLast(failure: string | undefined): void {
    this.#objects.state(states.restarting);
    this.#untold = () => this.#tell(failure);
  }

  async #tell(failure: string | undefined): Promise<void> {
    const { target } = this.#world;
    this.#untold = undefined;
    const { running } = await target.installation();
    this.#objects.runs(running);
    const schema = await this.#schemaOfOrder(running);
    if (failure === undefined) await keepImages(target.folder, new Set(running ? [running.digest] : []));
    const code = failure === undefined ? good : ofError(failure);
    await this.#end(code, schema, failure === undefined ? standardResults.success : standardResults.failed);
    if (this.#registered) await target.reported();
  }

  async #schemaOfOrder(running: Software | undefined): Promise<Order['schema']> {
    const kept = await readOrder(this.#world.target.folder);
    const { sniff } = await import('@mooring/manifest');
    if (kept) return sniff(kept.manifest) ?? 'v1';
    return running && running.version >= 1n << 55n ? 'v3' : 'v1';
  }
}
