import { type Answer, type Code, codes, type IncomingRequest } from '@mooring/coap';
import { decodeEntries, decodeNode } from '../formats/codec.ts';
import { contentFormats, currentFormat, malformed } from '../formats/content-format.ts';
import { textValue } from '../formats/text.ts';
import { utf8Text } from '../formats/utf8.ts';
import { type Entry, multiple, type Node, type ResourceNode, resource } from '../model/node.ts';
import type { Path } from '../model/path.ts';
import { treeOf } from '../model/tree.ts';
import { isWritable, type ResourceShape } from './object-tree.ts';
import type { Operated } from './operated.ts';

const { text, opaque, tlv, senmlCbor } = contentFormats;

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

/** What a request writes, in the format that it names or that is usual there. */
export function decoded(
  device: Operated,
  path: Path,
  request: IncomingRequest,
  shape: ResourceShape | undefined,
): Node {
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

/** Writes a resource, or several of an instance. */
export async function write(device: Operated, path: Path, request: IncomingRequest): Promise<Answer> {
  const writing = writingOf(device, path, request);
  return { code: isCode(writing) ? writing : await perform(device, writing) };
}

/** Writes to several places, all or none of them as far as can be told before (OMA LwM2M 1.1 §6.3.10). */
export async function writeComposite(device: Operated, request: IncomingRequest): Promise<Answer> {
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
    if (!device.tree.source(at)) return { code: codes.notFound };
    const node = treeOf(at, entries, (reason) => malformed('SenML', reason));
    const resources = node.kind === 'instance' ? node.resources : [];
    for (const one of resources) {
      const refused = refusedResource(device, at, one);
      if (refused !== undefined) return { code: refused };
    }
    writings.push({ at, resources, mode: 'update', dropped: [] });
  }
  for (const writing of writings) {
    const code = await perform(device, writing);
    if (code !== codes.changed) return { code };
  }
  return { code: codes.changed };
}
