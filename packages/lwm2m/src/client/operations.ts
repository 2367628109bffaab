import { type Answer, type Code, codes, type IncomingRequest } from '@mooring/coap';
import type { Catalogue } from '../definitions/catalogue.ts';
import { decodeEntries, decodeNode, decodePaths, encodeEntries, encodeNode } from '../formats/codec.ts';
import { contentFormats, currentFormat, malformed } from '../formats/content-format.ts';
import { formatLinks } from '../formats/link-format.ts';
import { textValue } from '../formats/text.ts';
import { utf8Text } from '../formats/utf8.ts';
import { type Entry, entriesOf, multiple, type Node, type ResourceNode, resource } from '../model/node.ts';
import { type Path, pathOfSegments } from '../model/path.ts';
import { treeOf } from '../model/tree.ts';
import { type AttributeStore, parseAttributes } from './attributes.ts';
import { discoveredLinks } from './discover.ts';
import { isReadable, isWritable, type ObjectTree, type ResourceShape } from './object-tree.ts';

/** What answering has to know of the device. */
export interface Operated {
  readonly tree: ObjectTree;
  readonly attributes: AttributeStore;
  readonly catalogue: Catalogue;
  /** Composite operations are 1.1's. */
  readonly version: '1.0' | '1.1';
  /** The format of more than one value where the server does not ask for one. */
  readonly severalFormat: number;
  /** For answers with a payload; Pelion's clients say 0. */
  readonly maxAge?: number;
  /** What a server hears that asks for object 0. */
  readonly securityCode: Code;
}

const { text, opaque, cbor, tlv, senmlJson, senmlCbor, linkFormat } = contentFormats;
const single: readonly number[] = [text, opaque, cbor];

const answer = (code: Code): Answer => ({ code });

/** The format for an answer; undefined where what is asked for cannot carry it. */
function answerFormat(device: Operated, node: Node, isBytes: boolean, accept: number | undefined): number | undefined {
  const isOne = node.kind === 'resource' || node.kind === 'resource instance';
  if (accept === undefined) return isOne ? (isBytes ? opaque : text) : device.severalFormat;
  const current = currentFormat(accept);
  if (single.includes(current)) return isOne && (current !== opaque || isBytes) ? current : undefined;
  return current === tlv || current === senmlJson || current === senmlCbor ? accept : undefined;
}

/** The answer to a read, and the notification of the same. */
export function readAnswer(device: Operated, path: Path, accept: number | undefined): Answer {
  const { tree, catalogue, maxAge } = device;
  if (!tree.has(path)) return answer(codes.notFound);
  const shape = path.length >= 3 ? tree.shape(path) : undefined;
  if (shape && !isReadable(shape)) return answer(codes.methodNotAllowed);
  const node = tree.read(path);
  if (!node) return answer(codes.notFound);
  const contentFormat = answerFormat(device, node, shape?.type === 'opaque', accept);
  if (contentFormat === undefined) return answer(codes.notAcceptable);
  const payload = encodeNode(contentFormat, path, node, catalogue);
  return { code: codes.content, contentFormat, payload, ...(maxAge === undefined ? {} : { maxAge }) };
}

/** The values of several places, what cannot be read left out (OMA LwM2M 1.1 §6.3.9). */
export function compositeAnswer(device: Operated, paths: readonly Path[], accept: number | undefined): Answer {
  const { tree, catalogue, maxAge } = device;
  const contentFormat = accept ?? device.severalFormat;
  const format = currentFormat(contentFormat) === tlv ? senmlCbor : currentFormat(contentFormat);
  if (format !== senmlJson && format !== senmlCbor) return answer(codes.notAcceptable);
  const everything = paths.some((path) => path.length === 0) ? [...tree.objects.keys()].map((id) => [id]) : paths;
  const entries = everything.flatMap((path) => {
    const node = tree.read(path);
    return node ? entriesOf(path, node) : [];
  });
  const payload = encodeEntries(format, entries, catalogue);
  return { code: codes.content, contentFormat: format, payload, ...(maxAge === undefined ? {} : { maxAge }) };
}

function readOrDiscover(device: Operated, path: Path, accept: number | undefined): Answer {
  if (accept !== linkFormat)
    return path.length === 0 ? answer(codes.methodNotAllowed) : readAnswer(device, path, accept);
  if (path.length > 3) return answer(codes.badRequest);
  if (!device.tree.has(path)) return answer(codes.notFound);
  const payload = formatLinks(discoveredLinks(device.tree, device.attributes, path));
  return { code: codes.content, contentFormat: linkFormat, payload };
}

/** What a write is about: the resources, the instance they belong to, and why not where they may not be written. */
interface Writing {
  readonly at: Path;
  readonly resources: readonly ResourceNode[];
  readonly mode: 'replace' | 'update';
  readonly dropped: readonly number[];
}

function refusedResource(device: Operated, at: Path, one: ResourceNode): Code | undefined {
  const shape = device.tree.shape([...at, one.id]);
  if (!shape) return codes.notFound;
  if (!isWritable(shape)) return codes.methodNotAllowed;
  return one.kind === 'multiple' && !shape.multiple ? codes.badRequest : undefined;
}

const isCode = (value: Writing | Code): value is Code => typeof value === 'number';

function decoded(device: Operated, path: Path, request: IncomingRequest, shape: ResourceShape | undefined): Node {
  const format = request.contentFormat ?? (path.length < 3 ? tlv : text);
  // Servers of old send values of any type as bytes, meaning their text.
  if (shape && shape.type !== 'opaque' && currentFormat(format) === opaque) {
    return resource(shape.id, textValue(shape.type, utf8Text(request.payload, 'text')));
  }
  return decodeNode(format, path, request.payload, device.catalogue);
}

function writingOf(device: Operated, path: Path, request: IncomingRequest): Writing | Code {
  const { tree } = device;
  const at = path.slice(0, 2);
  if (path.length < 2 || !tree.source(at)) return path.length < 2 ? codes.methodNotAllowed : codes.notFound;
  const shape = path.length >= 3 ? tree.shape(path) : undefined;
  if (path.length >= 3 && !shape) return codes.notFound;
  if (shape && !isWritable(shape)) return codes.methodNotAllowed;
  const node = decoded(device, path, request, shape);
  const mode = request.method === 'PUT' && path.length < 4 ? 'replace' : 'update';
  const resources =
    node.kind === 'instance'
      ? node.resources
      : node.kind === 'resource instance' || (path.length === 4 && node.kind === 'resource')
        ? [multiple(path[2] as number, [[path[3] as number, node.value]])]
        : node.kind === 'object'
          ? []
          : [node];
  const dropped =
    node.kind === 'instance' && mode === 'replace'
      ? [...(tree.objects.get(at[0] as number)?.shape.resources.values() ?? [])]
          .filter((one) => isWritable(one) && !resources.some(({ id }) => id === one.id))
          .map(({ id }) => id)
      : [];
  for (const one of resources) {
    const refused = refusedResource(device, at, one);
    if (refused !== undefined) return refused;
  }
  return { at, resources, mode, dropped };
}

async function perform(device: Operated, { at, resources, mode, dropped }: Writing): Promise<Code> {
  const source = device.tree.source(at);
  if (!source?.write) return codes.methodNotAllowed;
  return (await source.write(resources, mode, dropped)) ?? codes.changed;
}

async function write(device: Operated, path: Path, request: IncomingRequest): Promise<Answer> {
  const writing = writingOf(device, path, request);
  return answer(isCode(writing) ? writing : await perform(device, writing));
}

function writeAttributes(device: Operated, path: Path, query: readonly string[]): Answer {
  const changes = parseAttributes(query);
  if (!changes || path.length === 0) return answer(codes.badRequest);
  if (!device.tree.has(path)) return answer(codes.notFound);
  const type = path.length >= 3 ? device.tree.shape(path)?.type : undefined;
  const isNumber = type === 'integer' || type === 'unsigned' || type === 'float';
  return answer(device.attributes.write(path, changes, isNumber) ? codes.changed : codes.badRequest);
}

async function execute(device: Operated, path: Path, payload: Uint8Array): Promise<Answer> {
  const source = device.tree.source(path);
  if (!source?.execute) return answer(codes.methodNotAllowed);
  return answer((await source.execute(path[2] as number, Uint8Array.from(payload))) ?? codes.changed);
}

function create(device: Operated, objectId: number, request: IncomingRequest): Answer {
  const found = device.tree.objects.get(objectId);
  if (!found) return answer(codes.notFound);
  if (!found.factory) return answer(codes.methodNotAllowed);
  const node = decoded(device, [objectId], request, undefined);
  const [given] = node.kind === 'object' ? node.instances : [];
  const wrapped = isWrapped(request);
  let id = wrapped && given ? given.id : 0;
  if (!wrapped || !given) while (found.instances.has(id)) id++;
  if (found.instances.has(id)) return answer(codes.badRequest);
  const resources = given?.resources ?? [];
  for (const one of resources) if (!found.shape.resources.has(one.id)) return answer(codes.notFound);
  const source = found.factory.create(id, resources);
  if (!source) return answer(codes.methodNotAllowed);
  device.tree.addInstance(objectId, id, source);
  // The location is said where the server has not chosen it (OMA LwM2M 1.1 §6.3.6).
  return wrapped && given
    ? answer(codes.created)
    : { code: codes.created, locationPath: [String(objectId), String(id)] };
}

/** Whether the instance's number is said: in TLV by the wrapping of kind 00, in SenML always. */
const isWrapped = ({ contentFormat, payload }: IncomingRequest): boolean =>
  payload.length > 0 && (currentFormat(contentFormat ?? tlv) !== tlv || ((payload[0] as number) & 0xc0) === 0);

function remove(device: Operated, [objectId = -1, instanceId = -1, ...rest]: Path): Answer {
  const found = device.tree.objects.get(objectId);
  if (rest.length > 0 || instanceId < 0) return answer(codes.methodNotAllowed);
  if (!found?.instances.has(instanceId)) return answer(codes.notFound);
  if (!found.factory?.remove(instanceId)) return answer(codes.methodNotAllowed);
  device.tree.removeInstance(objectId, instanceId);
  return answer(codes.deleted);
}

/** Writes to several places, all or none of them as far as can be told before (OMA LwM2M 1.1 §6.3.10). */
async function writeComposite(device: Operated, request: IncomingRequest): Promise<Answer> {
  const byInstance = new Map<string, Entry[]>();
  for (const entry of decodeEntries(request.contentFormat ?? senmlCbor, request.payload, device.catalogue)) {
    const key = entry.path.slice(0, 2).join('/');
    const entries = byInstance.get(key);
    if (entries) entries.push(entry);
    else byInstance.set(key, [entry]);
  }
  const writings: Writing[] = [];
  for (const entries of byInstance.values()) {
    const at = (entries[0] as Entry).path.slice(0, 2);
    if (!device.tree.source(at)) return answer(codes.notFound);
    const node = treeOf(at, entries, (reason) => malformed('SenML', reason));
    const resources = node.kind === 'instance' ? node.resources : [];
    for (const one of resources) {
      const refused = refusedResource(device, at, one);
      if (refused !== undefined) return answer(refused);
    }
    writings.push({ at, resources, mode: 'update', dropped: [] });
  }
  for (const writing of writings) {
    const code = await perform(device, writing);
    if (code !== codes.changed) return answer(code);
  }
  return answer(codes.changed);
}

/** Answers one operation of a server; observing is the caller's. What the payload breaks is thrown. */
export function operate(device: Operated, request: IncomingRequest): Answer | Promise<Answer> {
  const path = pathOfSegments(request.path);
  if (!path) return answer(codes.notFound);
  if (path[0] === 0) return answer(device.securityCode);
  switch (request.method) {
    case 'GET':
      return readOrDiscover(device, path, request.accept);
    case 'PUT':
      if (request.query.length > 0 && request.payload.length === 0) return writeAttributes(device, path, request.query);
      return write(device, path, request);
    case 'POST': {
      if (path.length === 1) return create(device, path[0] as number, request);
      const shape = path.length === 3 ? device.tree.shape(path) : undefined;
      if (shape && device.tree.source(path) && shape.operations === 'E') return execute(device, path, request.payload);
      if (shape && !shape.multiple) return answer(codes.methodNotAllowed);
      return write(device, path, request);
    }
    case 'DELETE':
      return remove(device, path);
    case 'FETCH':
      if (device.version === '1.0' || path.length > 0) return answer(codes.methodNotAllowed);
      return compositeAnswer(device, decodePaths(request.contentFormat ?? senmlCbor, request.payload), request.accept);
    case 'iPATCH':
      if (device.version === '1.0' || path.length > 0) return answer(codes.methodNotAllowed);
      return writeComposite(device, request);
    default:
      return answer(codes.methodNotAllowed);
  }
}
