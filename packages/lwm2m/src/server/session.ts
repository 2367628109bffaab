import {
  type CoapConnection,
  type Code,
  codes,
  codeText,
  isSuccess,
  type Observation,
  type Request,
  type RequestOptions,
  type Response,
} from '@mooring/coap';
import { type Catalogue, standardCatalogue } from '../definitions/catalogue.ts';
import { lwm2mErrors } from '../errors.ts';
import { decodeEntries, decodeNode, encodeEntries, encodeNode, encodePaths } from '../formats/codec.ts';
import { contentFormats } from '../formats/content-format.ts';
import { type Link, parseLinks } from '../formats/link-format.ts';
import { type AttributeChanges, attributeQuery } from '../model/attributes.ts';
import { type Entry, type InstanceNode, instance, type Node, object, type ResourceNode } from '../model/node.ts';
import { type Path, pathSegments, pathText } from '../model/path.ts';
import { autoObservations, autoObserveNumber } from '../registration/links.ts';
import type { Registration } from '../registration/register.ts';
import { FormatChoice } from './negotiation.ts';

/** What a session has to know of a device; its registration has all of it. */
export type DeviceFacts = Pick<Registration, 'version' | 'root' | 'contentFormats' | 'links'>;

/** What a device answered about a path. */
export interface Reading {
  readonly path: Path;
  readonly code: Code;
  readonly contentFormat: number | undefined;
  readonly payload: Uint8Array;
  /** Seconds; 60 where the device does not say (RFC 7252 §5.10.5). */
  readonly maxAge: number | undefined;
  /** The payload as values. Fails with `lwm2m.payload.malformed`, `lwm2m.value.invalid` or `lwm2m.format.unsupported`. */
  node(): Node;
}

/** A payload that is sent as it is. */
export interface RawPayload {
  readonly contentFormat?: number;
  readonly payload: Uint8Array;
}

export interface ReadingListener {
  /** With a promise the device is thanked only when that is fulfilled. */
  notification(reading: Reading): unknown;
  /** Once: the device ended it, or the connection is gone. */
  ended?(why: { readonly code?: Code; readonly error?: Error }): void;
}

export interface EntriesListener {
  notification(entries: readonly Entry[]): void;
  ended?(why: { readonly code?: Code; readonly error?: Error }): void;
}

export interface SessionOptions {
  readonly catalogue?: Catalogue;
  /** Notifications that nobody asked for: of what the device observes by itself. A promise is as with other notifications. */
  autoObserved?(reading: Reading): unknown;
  /** What could not be done about such a notification. */
  fault?(error: unknown): void;
}

const isInstance = (content: InstanceNode | readonly ResourceNode[]): content is InstanceNode =>
  !Array.isArray(content);

const isNode = (content: Node | RawPayload): content is Node => 'kind' in content;

function refused(operation: string, path: string, code: Code): never {
  throw lwm2mErrors('lwm2m.device.refused', {
    message: `The device answered ${codeText(code)} to ${operation} ${path}.`,
    next: 'Look at what the device has, and which operations it allows there.',
    data: { code: codeText(code), path },
  });
}

/**
 * A registered device on its connection: the operations of a server (OMA LwM2M 1.1 §6.3, §6.4). An error code of the device
 * is `lwm2m.device.refused`, with the code in `data`; what CoAP cannot do fails as `CoapConnection.request` does.
 */
export class ServerSession {
  readonly connection: CoapConnection;
  readonly #catalogue: Catalogue;
  readonly #options: SessionOptions;
  #root: readonly string[];
  #formats: FormatChoice;
  #auto: ReadonlyMap<number, Path>;

  constructor(connection: CoapConnection, facts: DeviceFacts, options: SessionOptions = {}) {
    this.connection = connection;
    this.#options = options;
    this.#catalogue = options.catalogue ?? standardCatalogue;
    this.#root = rootSegments(facts);
    this.#formats = new FormatChoice(facts.version, facts.contentFormats);
    this.#auto = autoObservations(facts.links);
  }

  /** The device registered anew, or updated what it has: auto-observations have new numbers. */
  registered(facts: DeviceFacts): void {
    this.#root = rootSegments(facts);
    this.#formats = new FormatChoice(facts.version, facts.contentFormats);
    this.#auto = autoObservations(facts.links);
  }

  /** Any request to the device, its root put before the path. An error code is an answer like any other. */
  request(request: Request, options?: RequestOptions): Promise<Response> {
    return this.connection.request({ ...request, path: [...this.#root, ...(request.path ?? [])] }, options);
  }

  async read(path: Path, options: RequestOptions & { accept?: number } = {}): Promise<Reading> {
    const response = await this.request(
      { method: 'GET', path: pathSegments(path), ...(options.accept === undefined ? {} : { accept: options.accept }) },
      options,
    );
    if (!isSuccess(response.code)) refused('reading', pathText(path), response.code);
    return this.#reading(path, response);
  }

  /**
   * Writes. `replace` makes an instance what is written, and is the way for single resources; `update` leaves resources
   * that are not in it (OMA LwM2M 1.1 §6.3.3). A node goes in a format that the device takes, in several tries if need be.
   */
  async write(
    path: Path,
    content: Node | RawPayload,
    mode: 'replace' | 'update' = 'replace',
    options?: RequestOptions,
  ): Promise<void> {
    const method = mode === 'replace' ? 'PUT' : 'POST';
    await this.#send('writing', method, path, content, options);
  }

  /** Executes, with arguments as text (`5,0='a'`) or any payload. */
  async execute(path: Path, args?: string | RawPayload, options?: RequestOptions): Promise<Response> {
    const raw: RawPayload | undefined =
      typeof args === 'string' ? { contentFormat: contentFormats.text, payload: Buffer.from(args) } : args;
    const response = await this.request({ method: 'POST', path: pathSegments(path), ...raw }, options);
    return isSuccess(response.code) ? response : refused('executing', pathText(path), response.code);
  }

  /** Creates an instance of this number, or of one that the device chooses; gives its number where that is known. */
  async create(
    objectId: number,
    content: InstanceNode | readonly ResourceNode[],
    options?: RequestOptions,
  ): Promise<number | undefined> {
    const id = isInstance(content) ? content.id : undefined;
    const response = isInstance(content)
      ? await this.#send('creating in', 'POST', [objectId], object(objectId, [content]), options)
      : // Only TLV can leave the number out: the resources stand bare.
        await this.#send('creating in', 'POST', [objectId], this.#bareResources(objectId, content), options);
    const location = response.locationPath?.at(-1);
    return location !== undefined && /^[0-9]{1,5}$/.test(location) ? Number(location) : id;
  }

  async delete(path: Path, options?: RequestOptions): Promise<void> {
    const { code } = await this.request({ method: 'DELETE', path: pathSegments(path) }, options);
    if (!isSuccess(code)) refused('deleting', pathText(path), code);
  }

  /** What there is below a path, with the attributes set there. */
  async discover(path: Path, options?: RequestOptions): Promise<Link[]> {
    const { code, payload } = await this.request(
      { method: 'GET', path: pathSegments(path), accept: contentFormats.linkFormat },
      options,
    );
    return isSuccess(code) ? parseLinks(payload) : refused('discovering', pathText(path), code);
  }

  async writeAttributes(path: Path, changes: AttributeChanges, options?: RequestOptions): Promise<void> {
    const { code } = await this.request(
      { method: 'PUT', path: pathSegments(path), query: attributeQuery(changes) },
      options,
    );
    if (!isSuccess(code)) refused('setting attributes of', pathText(path), code);
  }

  /** Observes. `observation.active` is false where the device only answered; its answer is the first reading. */
  async observe(
    path: Path,
    listener: ReadingListener,
    options: RequestOptions & { accept?: number } = {},
  ): Promise<{ readonly observation: Observation; readonly reading: Reading }> {
    const observation = await this.connection.observe(
      {
        method: 'GET',
        path: [...this.#root, ...pathSegments(path)],
        ...(options.accept === undefined ? {} : { accept: options.accept }),
      },
      {
        notification: (response) => listener.notification(this.#reading(path, response)),
        ended: ({ response, error }) =>
          listener.ended?.({ ...(response && { code: response.code }), ...(error && { error }) }),
      },
      options,
    );
    const { response } = observation;
    if (!isSuccess(response.code)) refused('observing', pathText(path), response.code);
    return { observation, reading: this.#reading(path, response) };
  }

  /** Reads from several places at once (1.1). */
  async readComposite(paths: readonly Path[], options?: RequestOptions): Promise<Entry[]> {
    const response = await this.#composite('reading', 'FETCH', (format) => encodePaths(format, paths), options);
    return this.#entries(response);
  }

  /** Writes to several places at once (1.1): all or nothing. */
  async writeComposite(entries: readonly Entry[], options?: RequestOptions): Promise<void> {
    await this.#composite('writing', 'iPATCH', (format) => encodeEntries(format, entries, this.#catalogue), options);
  }

  /** Observes several places at once (1.1). */
  async observeComposite(
    paths: readonly Path[],
    listener: EntriesListener,
    options?: RequestOptions,
  ): Promise<{ readonly observation: Observation; readonly entries: readonly Entry[] }> {
    const [contentFormat = contentFormats.senmlCbor] = this.#formats.forComposite();
    const payload = encodePaths(contentFormat, paths);
    const observation = await this.connection.observe(
      { method: 'FETCH', path: this.#root, contentFormat, accept: contentFormat, payload },
      {
        notification: (response) => listener.notification(this.#entries(response)),
        ended: ({ response, error }) =>
          listener.ended?.({ ...(response && { code: response.code }), ...(error && { error }) }),
      },
      options,
    );
    const { response } = observation;
    if (!isSuccess(response.code)) refused('observing', 'several paths', response.code);
    return { observation, entries: this.#entries(response) };
  }

  /**
   * A response with a token that nobody asked with; for `CoapOptions.unsolicited`. Takes those of auto-observations, reads
   * the rest of what came in blocks, and gives false for all others.
   */
  unsolicited(token: Uint8Array, response: Response): boolean | Promise<void> {
    const number = autoObserveNumber(token);
    const path = number === undefined ? undefined : this.#auto.get(number);
    if (!path || !this.#options.autoObserved) return false;
    if (!isSuccess(response.code)) return true;
    if (response.incomplete) {
      void this.#wholeNotification(path);
      return true;
    }
    const told = this.#options.autoObserved(this.#reading(path, response));
    return told instanceof Promise ? told : true;
  }

  async #wholeNotification(path: Path): Promise<void> {
    try {
      await this.#options.autoObserved?.(await this.read(path));
    } catch (error) {
      this.#options.fault?.(error);
    }
  }

  #reading(path: Path, { code, contentFormat, payload, maxAge }: Response): Reading {
    const catalogue = this.#catalogue;
    if (path.length < 3) this.#formats.heard(contentFormat);
    return {
      path,
      code,
      contentFormat,
      payload,
      maxAge,
      node: () => decodeNode(contentFormat ?? contentFormats.text, path, payload, catalogue),
    };
  }

  #entries({ contentFormat, payload }: Response): Entry[] {
    this.#formats.heard(contentFormat);
    return decodeEntries(contentFormat ?? contentFormats.senmlCbor, payload, this.#catalogue);
  }

  #bareResources(objectId: number, resources: readonly ResourceNode[]): RawPayload {
    const payload = encodeNode(contentFormats.tlv, [objectId, 0], instance(0, resources), this.#catalogue);
    return { contentFormat: contentFormats.tlv, payload };
  }

  async #send(
    operation: string,
    method: 'PUT' | 'POST',
    path: Path,
    content: Node | RawPayload,
    options: RequestOptions | undefined,
  ): Promise<Response> {
    const request = { method, path: pathSegments(path) } as const;
    if (!isNode(content)) {
      const response = await this.request({ ...request, ...content }, options);
      return isSuccess(response.code) ? response : refused(operation, pathText(path), response.code);
    }
    return this.#negotiated(
      operation,
      pathText(path),
      this.#formats.forWrite(path, content, this.#catalogue),
      (contentFormat) =>
        this.request(
          { ...request, contentFormat, payload: encodeNode(contentFormat, path, content, this.#catalogue) },
          options,
        ),
    );
  }

  #composite(
    operation: string,
    method: 'FETCH' | 'iPATCH',
    payload: (format: number) => Uint8Array,
    options: RequestOptions | undefined,
  ): Promise<Response> {
    return this.#negotiated(operation, 'several paths', this.#formats.forComposite(), (contentFormat) =>
      this.request(
        {
          method,
          contentFormat,
          payload: payload(contentFormat),
          ...(method === 'FETCH' ? { accept: contentFormat } : {}),
        },
        options,
      ),
    );
  }

  /** Tries one format after the other while the device says that it does not take them. */
  async #negotiated(
    operation: string,
    path: string,
    formats: readonly number[],
    send: (format: number) => Promise<Response>,
  ): Promise<Response> {
    let code: Code = codes.unsupportedContentFormat;
    for (const format of formats) {
      const response = await send(format);
      if (isSuccess(response.code)) return response;
      ({ code } = response);
      if (code !== codes.unsupportedContentFormat && code !== codes.notAcceptable) break;
      this.#formats.refused(format);
    }
    return refused(operation, path, code);
  }
}

const rootSegments = ({ root }: DeviceFacts): string[] => root.split('/').filter((segment) => segment !== '');
