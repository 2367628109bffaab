import { type Answer, type CoapConnection, type Code, codes, type IncomingRequest } from '@mooring/coap';
import type { Timers } from '@mooring/platform';
import type { Catalogue } from '../definitions/catalogue.ts';
import { decodePaths } from '../formats/codec.ts';
import { contentFormats } from '../formats/content-format.ts';
import type { NotificationAttributes } from '../model/attributes.ts';
import { isSamePath, isWithin, type Path, pathOfSegments, pathText } from '../model/path.ts';
import { autoObserveToken, type RegisteredLinks } from '../registration/links.ts';
import { AttributeStore } from './attributes.ts';
import type { Flavour } from './flavour.ts';
import { type Interrupted, Notifications, type Watched } from './notifications.ts';
import type { ObjectTree } from './object-tree.ts';
import type { Operated } from './operated.ts';
import { operate } from './operations.ts';
import { compositeAnswer, readAnswer } from './reading.ts';

interface AutoObserved {
  readonly path: Path;
  readonly number: number;
}

/** A device towards the server that it is registered with: answers operations, and notifies. */
export class DeviceServing {
  readonly #device: Operated;
  readonly #keepsObservations: boolean;
  readonly #notifications: Notifications;
  /** What the device notifies of by itself. Nothing else is kept of it until there is something to tell. */
  #autoObserved: readonly AutoObserved[] = [];
  #connection: CoapConnection | undefined;
  /** Observations of a connection that is gone. */
  #waiting: readonly Interrupted[] = [];
  /** Values that changed while they could not be told: there is no connection, or the server has no tokens for them yet. */
  #untold: Map<string, Path> | undefined;

  constructor(tree: ObjectTree, flavour: Flavour, catalogue: Catalogue, timers: Timers) {
    const { version, severalFormat, maxAge, securityCode, keepsObservations } = flavour;
    const attributes = new AttributeStore(() => defaultPeriods(tree));
    this.#keepsObservations = keepsObservations;
    this.#device = {
      tree,
      attributes,
      catalogue,
      version,
      severalFormat,
      securityCode,
      ...(maxAge === undefined ? {} : { maxAge }),
    };
    this.#notifications = new Notifications(attributes, timers, keepsObservations);
  }

  valueChanged(path: Path): void {
    this.#notifications.valueChanged(path);
    if (this.#untold) this.#untold.set(pathText(path), path);
    else this.#tellOfItself(path);
  }

  /** Whether the server has acknowledged what it was told of the path; false where it was not, or is not told of it. */
  heard(path: Path): Promise<boolean> {
    return this.#notifications.heard(path);
  }

  #tellOfItself(path: Path): void {
    for (const one of this.#autoObserved) {
      if (!isWithin(path, one.path) && !isWithin(one.path, path)) continue;
      // What was told before is not known, so that any change is worth telling.
      this.#watchOfItself(one, { last: { at: Number.NEGATIVE_INFINITY, value: undefined }, changed: true });
    }
  }

  #watchOfItself({ path, number }: AutoObserved, interrupted?: Pick<Interrupted, 'last' | 'changed'>): void {
    const token = autoObserveToken(number);
    if (!this.#connection || this.#notifications.has(token)) return;
    this.#notifications.add(this.#connection, token, this.#watch(path, undefined, true), interrupted);
  }

  /** Where periods are set there is something to do even without a change. */
  #watchPeriodic(): void {
    for (const one of this.#autoObserved) {
      if (this.#device.attributes.effective(one.path).pmax !== undefined) this.#watchOfItself(one);
    }
  }

  handle(request: IncomingRequest, connection: CoapConnection): Answer | Promise<Answer> {
    const { method, observe } = request;
    if (observe === 1) this.#notifications.cancel(request.token);
    if (observe === 0 && method === 'GET') return this.#observe(request, connection);
    if (observe === 0 && method === 'FETCH' && this.#device.version !== '1.0' && request.path.length === 0) {
      return this.#observeComposite(request, connection);
    }
    const answer = operate(this.#device, request);
    if (method === 'PUT' && request.query.length > 0) {
      this.#watchPeriodic();
      this.#notifications.attributesChanged();
    }
    return answer;
  }

  /** A registration is under way: the server will have forgotten what it set and observed. */
  registering(): void {
    this.#notifications.clear();
    this.#autoObserved = [];
    this.#waiting = [];
    this.#device.attributes.clear();
    this.#untold = new Map();
  }

  /** Links with new numbers of auto-observation are on their way to the server. */
  announcing(): void {
    this.#untold ??= new Map();
  }

  /** The server has these links: from now on their numbers of auto-observation are the tokens of notifications. */
  announced({ links }: RegisteredLinks, connection: CoapConnection): void {
    for (const { number } of this.#autoObserved) this.#notifications.cancel(autoObserveToken(number));
    this.#autoObserved = links.flatMap(({ path, autoObserve: number }) =>
      number === undefined ? [] : [{ path, number }],
    );
    this.#waiting = this.#waiting.filter(({ watched }) => !watched.auto);
    this.resumed(connection);
  }

  /** The registration goes on over this connection; observations too, where the device keeps them. */
  resumed(connection: CoapConnection): void {
    const [waiting, untold] = [this.#waiting, this.#untold];
    this.#waiting = [];
    this.#untold = undefined;
    this.#connection = connection;
    for (const one of waiting) this.#notifications.add(connection, one.token, one.watched, one);
    for (const path of untold?.values() ?? []) this.valueChanged(path);
    this.#watchPeriodic();
  }

  disconnected(): void {
    const interrupted = this.#notifications.clear();
    this.#connection = undefined;
    if (!this.#keepsObservations) return;
    this.#waiting = [...this.#waiting, ...interrupted];
    this.#untold ??= new Map();
  }

  #watch(path: Path, accept: number | undefined, auto: boolean): Watched {
    const { tree } = this.#device;
    return {
      paths: [path],
      auto,
      answer: () => readAnswer(this.#device, path, accept),
      number() {
        const node = path.length >= 3 ? tree.read(path) : undefined;
        const value = node && 'value' in node ? node.value : undefined;
        return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : undefined;
      },
    };
  }

  #observe(request: IncomingRequest, connection: CoapConnection): Answer {
    const path = pathOfSegments(request.path);
    if (!path || path.length === 0 || request.accept === contentFormats.linkFormat) {
      return operate(this.#device, request) as Answer;
    }
    const answer = path[0] === 0 ? { code: this.#device.securityCode } : readAnswer(this.#device, path, request.accept);
    if (answer.code !== codes.content) return answer;
    // What the device notifies of by itself cannot be observed besides, as Pelion's clients have it.
    if (this.#autoObserved.some((one) => isSamePath(one.path, path))) return { ...answer, code: codes.badRequest };
    return this.#subscribed(connection, request, this.#watch(path, request.accept, false), answer);
  }

  #observeComposite(request: IncomingRequest, connection: CoapConnection): Answer {
    const paths = decodePaths(request.contentFormat ?? contentFormats.senmlCbor, request.payload);
    const current = () => compositeAnswer(this.#device, paths, request.accept);
    const answer = current();
    if (answer.code !== codes.content) return answer;
    const watched: Watched = { paths, auto: false, answer: current, number: () => undefined };
    return this.#subscribed(connection, request, watched, answer);
  }

  #subscribed(connection: CoapConnection, request: IncomingRequest, watched: Watched, answer: Answer): Answer {
    try {
      const subscription = this.#notifications.add(connection, request.token, watched);
      return { ...answer, observe: subscription.nextNumber() };
    } catch (error) {
      // More observations than there may be: the server gets the value, and knows that it is not observed.
      if ((error as { code?: Code | string }).code === 'coap.busy') return answer;
      throw error;
    }
  }
}

const seconds = (value: unknown): number | undefined => (typeof value === 'number' && value > 0 ? value : undefined);

/** Default Minimum and Maximum Period of the server, where it has none of its own for a path. */
function defaultPeriods(tree: ObjectTree): NotificationAttributes {
  const [server] = tree.objects.get(1)?.instances.values() ?? [];
  const [pmin, pmax] = [seconds(server?.read(2)), seconds(server?.read(3))];
  return { ...(pmin === undefined ? {} : { pmin }), ...(pmax === undefined ? {} : { pmax }) };
}
