import { type Answer, type Code, codes, type IncomingRequest } from '@mooring/coap';
import { decodePaths } from '../formats/codec.ts';
import { contentFormats } from '../formats/content-format.ts';
import { type Path, pathOfSegments } from '../model/path.ts';
import { parseAttributes } from './attributes.ts';
import { create, remove } from './creation.ts';
import type { Operated } from './operated.ts';
import { compositeAnswer, readOrDiscover } from './reading.ts';
import { write, writeComposite } from './writing.ts';

const { senmlCbor } = contentFormats;

const answer = (code: Code): Answer => ({ code });

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
