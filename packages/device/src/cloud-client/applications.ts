import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { codes } from '@mooring/coap';
import {
  type InstanceSource,
  type ObjectShape,
  type ObjectTree,
  type Operations,
  type Outcome,
  objectShape,
  parsePath,
  pathText,
  type ResourceNode,
  type ResourceShape,
  type ResourceType,
  type ResourceValue,
  type Value,
} from '@mooring/lwm2m';
import { isMooringError } from '@mooring/platform';
import { cloudClientErrors } from './errors.ts';

/*
 * One JSON object a line, both ways. An application defines objects, sets their values, and is told what the server
 * writes and executes:
 *
 *   → {"id": 1, "method": "define", "params": {"object": 3303, "instance": 0, "resources": [
 *        {"id": 5700, "type": "float", "operations": "R", "observable": true, "value": 21.5}]}}
 *   ← {"id": 1, "result": {}}
 *   → {"id": 2, "method": "set", "params": {"path": "/3303/0/5700", "value": 22}}
 *   ← {"event": "written", "path": "/3306/0/5850", "value": true}
 *   ← {"event": "executed", "path": "/3303/0/5605", "payload": ""}
 *
 * What an application defined goes when its connection ends. Opaque values and payloads are Base64, times RFC 3339.
 */

/** Objects that are the client's own. */
const reserved: ReadonlySet<number> = new Set([0, 1, 3, 5, 14, 10252, 10255, 35011]);

const types: ReadonlySet<string> = new Set(['string', 'integer', 'float', 'boolean', 'opaque', 'time', 'none']);
const operations: ReadonlySet<string> = new Set(['R', 'W', 'RW', 'E']);

/** Bytes of a line; what is longer ends the connection. */
const longestLine = 256 * 1024;

const invalid = (message: string) =>
  cloudClientErrors('client.resource.invalid', {
    message,
    next: 'See the page on mbl-cloud-client for the form of requests.',
  });

type Params = Readonly<Record<string, unknown>>;

function wholeNumber(params: Params, name: string): number {
  const value = params[name];
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 65_535) return value;
  throw invalid(`${name} has to be a number from 0 to 65534.`);
}

function typedValue(type: ResourceType, given: unknown, where: string): Value {
  const wrong = () => invalid(`${where}: ${JSON.stringify(given)} is no value of type ${type}.`);
  switch (type) {
    case 'string':
      if (typeof given !== 'string') throw wrong();
      return given;
    case 'integer':
      if (typeof given !== 'number' || !Number.isSafeInteger(given)) throw wrong();
      return given;
    case 'float':
      if (typeof given !== 'number') throw wrong();
      return given;
    case 'boolean':
      if (typeof given !== 'boolean') throw wrong();
      return given;
    case 'opaque':
      if (typeof given !== 'string') throw wrong();
      return new Uint8Array(Buffer.from(given, 'base64'));
    case 'time': {
      const time = new Date(String(given));
      if (Number.isNaN(time.getTime())) throw wrong();
      return time;
    }
    default:
      throw wrong();
  }
}

/** As JSON has it. */
function shown(value: Value): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (value instanceof Date) return value.toISOString();
  return typeof value === 'bigint' ? String(value) : value;
}

/** An instance whose values an application sets. */
class ApplicationInstance implements InstanceSource {
  readonly values = new Map<number, ResourceValue>();
  readonly #path: string;
  readonly #tell: (event: object) => void;
  #changed: ((resourceId: number) => void) | undefined;

  constructor(path: string, tell: (event: object) => void) {
    this.#path = path;
    this.#tell = tell;
  }

  attach(changed: (resourceId: number) => void): void {
    this.#changed = changed;
  }

  read(resourceId: number): ResourceValue | undefined {
    return this.values.get(resourceId);
  }

  set(resourceId: number, value: ResourceValue): void {
    this.values.set(resourceId, value);
    this.#changed?.(resourceId);
  }

  write(resources: readonly ResourceNode[]): Outcome {
    for (const one of resources) {
      if (one.kind !== 'resource') return codes.badRequest;
      this.set(one.id, one.value);
      this.#tell({ event: 'written', path: `${this.#path}/${one.id}`, value: shown(one.value) });
    }
    return undefined;
  }

  execute(resourceId: number, payload: Uint8Array): Outcome {
    this.#tell({ event: 'executed', path: `${this.#path}/${resourceId}`, payload: shown(payload) });
    return undefined;
  }
}

interface Defined {
  readonly objectId: number;
  readonly instanceId: number;
  readonly source: ApplicationInstance;
}

/** One application. */
class Application {
  readonly #tree: ObjectTree;
  readonly #socket: Socket;
  readonly #defined: Defined[] = [];
  #rest = '';

  constructor(tree: ObjectTree, socket: Socket) {
    this.#tree = tree;
    this.#socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => this.#received(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#gone());
  }

  end(): void {
    this.#socket.destroy();
  }

  #received(chunk: string): void {
    const lines = (this.#rest + chunk).split('\n');
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > longestLine) this.#socket.destroy();
    for (const line of lines) if (line.trim() !== '') this.#answer(line);
  }

  #answer(line: string): void {
    let id: unknown = null;
    try {
      const request = JSON.parse(line) as { id?: unknown; method?: unknown; params?: Params };
      id = request?.id ?? null;
      this.#send({ id, result: this.#call(String(request?.method), request?.params ?? {}) });
    } catch (error) {
      const told = isMooringError(error) ? error : invalid('The line is not a JSON object.');
      this.#send({ id, error: { code: told.code, message: told.message } });
    }
  }

  #call(method: string, params: Params): object {
    switch (method) {
      case 'define':
        return this.#define(params);
      case 'set':
        return this.#set(params);
      case 'get':
        return this.#get(params);
      case 'remove':
        return this.#remove(params);
      default:
        throw invalid(`There is no method ${method}; there are define, set, get and remove.`);
    }
  }

  #define(params: Params): object {
    const [objectId, instanceId] = [wholeNumber(params, 'object'), wholeNumber(params, 'instance')];
    const path = `/${objectId}/${instanceId}`;
    if (reserved.has(objectId)) throw invalid(`Object ${objectId} is the client's own.`);
    if (this.#tree.source([objectId, instanceId])) throw invalid(`${path} is defined already.`);
    const given = params.resources;
    if (!Array.isArray(given) || given.length === 0) throw invalid('resources has to be a list that is not empty.');
    const source = new ApplicationInstance(path, (event) => this.#send(event));
    const shapes = given.map((one: Params) => this.#resource(one, path, source));
    const known = this.#tree.objects.get(objectId);
    if (known) agree(known.shape, shapes, objectId);
    else this.#tree.addObject(objectShape(objectId, shapes));
    this.#tree.addInstance(objectId, instanceId, source);
    this.#defined.push({ objectId, instanceId, source });
    return {};
  }

  #resource(one: Params, path: string, source: ApplicationInstance): ResourceShape {
    const id = wholeNumber(one ?? {}, 'id');
    const { type = 'string', operations: may = 'R', name, observable, value } = one;
    if (!types.has(String(type))) throw invalid(`${path}/${id}: there is no type ${String(type)}.`);
    if (!operations.has(String(may))) throw invalid(`${path}/${id}: operations are R, W, RW or E.`);
    if (value !== undefined) source.values.set(id, typedValue(type as ResourceType, value, `${path}/${id}`));
    return {
      id,
      type: type as ResourceType,
      operations: may as Operations,
      observable: observable === true,
      ...(typeof name === 'string' ? { name } : {}),
    };
  }

  #set(params: Params): object {
    const { defined, path, shape } = this.#own(params);
    defined.source.set(shape.id, typedValue(shape.type, params.value, path));
    return {};
  }

  #get(params: Params): object {
    const { defined, shape } = this.#own(params);
    const value = defined.source.read(shape.id);
    return value === undefined || value instanceof Map ? {} : { value: shown(value as Value) };
  }

  #remove(params: Params): object {
    const [objectId, instanceId] = [wholeNumber(params, 'object'), wholeNumber(params, 'instance')];
    const at = this.#defined.findIndex((one) => one.objectId === objectId && one.instanceId === instanceId);
    if (at < 0) throw invalid(`/${objectId}/${instanceId} was not defined on this connection.`);
    this.#defined.splice(at, 1);
    this.#tree.removeInstance(objectId, instanceId);
    return {};
  }

  /** A resource that this application defined. */
  #own(params: Params): { defined: Defined; path: string; shape: ResourceShape } {
    const text = String(params.path);
    const path = isPath(text) ? parsePath(text) : [];
    const defined = this.#defined.find((one) => one.objectId === path[0] && one.instanceId === path[1]);
    const shape = path.length === 3 ? this.#tree.shape(path) : undefined;
    if (!defined || !shape) throw invalid(`${text} is no resource that was defined on this connection.`);
    return { defined, path: pathText(path), shape };
  }

  #send(message: object): void {
    if (this.#socket.writable) this.#socket.write(`${JSON.stringify(message)}\n`);
  }

  #gone(): void {
    for (const { objectId, instanceId } of this.#defined.splice(0)) this.#tree.removeInstance(objectId, instanceId);
  }
}

const isPath = (text: string): boolean => /^(\/\d{1,5}){1,4}$/.test(text);

/** Instances of one object have the same resources, whichever application they are of. */
function agree(known: ObjectShape, shapes: readonly ResourceShape[], objectId: number): void {
  for (const { id, type } of shapes) {
    if (known.resources.get(id)?.type !== type) {
      throw invalid(`Object ${objectId} was defined before, without a resource ${id} of type ${type}.`);
    }
  }
}

/** The resources of applications, over a socket that only root and its group may use. */
export class Applications {
  readonly #tree: ObjectTree;
  readonly #path: string;
  readonly #all = new Set<Application>();
  #server: Server | undefined;

  constructor(tree: ObjectTree, path: string) {
    this.#tree = tree;
    this.#path = path;
  }

  /** @throws MooringError `client.socket.unusable` */
  async listen(): Promise<void> {
    const server = createServer((socket) => {
      const application = new Application(this.#tree, socket);
      this.#all.add(application);
      socket.on('close', () => this.#all.delete(application));
    });
    try {
      mkdirSync(dirname(this.#path), { recursive: true });
      // What a client that was killed has left; only one runs on a storage, so nobody listens there.
      rmSync(this.#path, { force: true });
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(this.#path, resolve);
      });
      chmodSync(this.#path, 0o660);
    } catch (error) {
      throw cloudClientErrors('client.socket.unusable', {
        message: `${this.#path}: ${(error as Error).message}.`,
        next: 'Name another place with --socket, or none for a client without applications.',
        cause: error,
      });
    }
    this.#server = server;
  }

  close(): void {
    for (const application of this.#all) application.end();
    this.#server?.close();
    if (this.#server) rmSync(this.#path, { force: true });
  }
}
