import { type Answer, codes } from '@mooring/coap';
import { encodeEntries, encodeNode } from '../formats/codec.ts';
import { contentFormats, currentFormat } from '../formats/content-format.ts';
import { formatLinks } from '../formats/link-format.ts';
import { entriesOf, type Node } from '../model/node.ts';
import type { Path } from '../model/path.ts';
import { discoveredLinks } from './discover.ts';
import { isReadable } from './object-tree.ts';
import type { Operated } from './operated.ts';

const { text, opaque, cbor, tlv, senmlJson, senmlCbor, linkFormat } = contentFormats;
const single: readonly number[] = [text, opaque, cbor];

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
  if (!tree.has(path)) return { code: codes.notFound };
  const shape = path.length >= 3 ? tree.shape(path) : undefined;
  if (shape && !isReadable(shape)) return { code: codes.methodNotAllowed };
  const node = tree.read(path);
  if (!node) return { code: codes.notFound };
  const contentFormat = answerFormat(device, node, shape?.type === 'opaque', accept);
  if (contentFormat === undefined) return { code: codes.notAcceptable };
  const payload = encodeNode(contentFormat, path, node, catalogue);
  return { code: codes.content, contentFormat, payload, ...(maxAge === undefined ? {} : { maxAge }) };
}

/** The values of several places, what cannot be read left out (OMA LwM2M 1.1 §6.3.9). */
export function compositeAnswer(device: Operated, paths: readonly Path[], accept: number | undefined): Answer {
  const { tree, catalogue, maxAge } = device;
  const contentFormat = accept ?? device.severalFormat;
  const format = currentFormat(contentFormat) === tlv ? senmlCbor : currentFormat(contentFormat);
  if (format !== senmlJson && format !== senmlCbor) return { code: codes.notAcceptable };
  const everything = paths.some((path) => path.length === 0) ? [...tree.objects.keys()].map((id) => [id]) : paths;
  const entries = everything.flatMap((path) => {
    const node = tree.read(path);
    return node ? entriesOf(path, node) : [];
  });
  const payload = encodeEntries(format, entries, catalogue);
  return { code: codes.content, contentFormat: format, payload, ...(maxAge === undefined ? {} : { maxAge }) };
}

/** Reads, or discovers where links are asked for. */
export function readOrDiscover(device: Operated, path: Path, accept: number | undefined): Answer {
  if (accept !== linkFormat)
    return path.length === 0 ? { code: codes.methodNotAllowed } : readAnswer(device, path, accept);
  if (path.length > 3) return { code: codes.badRequest };
  if (!device.tree.has(path)) return { code: codes.notFound };
  const payload = formatLinks(discoveredLinks(device.tree, device.attributes, path));
  return { code: codes.content, contentFormat: linkFormat, payload };
}
