import { type Answer, codes, type IncomingRequest } from '@mooring/coap';
import { contentFormats, currentFormat } from '../formats/content-format.ts';
import type { Path } from '../model/path.ts';
import type { Operated } from './operated.ts';
import { decoded } from './writing.ts';

const { tlv } = contentFormats;

/** Creates an instance, with the number that the server gives or the first that is free. */
export function create(device: Operated, objectId: number, request: IncomingRequest): Answer {
  const found = device.tree.objects.get(objectId);
  if (!found) return { code: codes.notFound };
  if (!found.factory) return { code: codes.methodNotAllowed };
  const node = decoded(device, [objectId], request, undefined);
  const [given] = node.kind === 'object' ? node.instances : [];
  const wrapped = isWrapped(request);
  let id = wrapped && given ? given.id : 0;
  if (!wrapped || !given) while (found.instances.has(id)) id++;
  if (found.instances.has(id)) return { code: codes.badRequest };
  const resources = given?.resources ?? [];
  for (const one of resources) if (!found.shape.resources.has(one.id)) return { code: codes.notFound };
  const source = found.factory.create(id, resources);
  if (!source) return { code: codes.methodNotAllowed };
  device.tree.addInstance(objectId, id, source);
  // The location is said where the server has not chosen it (OMA LwM2M 1.1 §6.3.6).
  return wrapped && given
    ? { code: codes.created }
    : { code: codes.created, locationPath: [String(objectId), String(id)] };
}

/** Whether the instance's number is said: in TLV by the wrapping of kind 00, in SenML always. */
const isWrapped = ({ contentFormat, payload }: IncomingRequest): boolean =>
  payload.length > 0 && (currentFormat(contentFormat ?? tlv) !== tlv || ((payload[0] as number) & 0xc0) === 0);

/** Deletes an instance. */
export function remove(device: Operated, [objectId = -1, instanceId = -1, ...rest]: Path): Answer {
  const found = device.tree.objects.get(objectId);
  if (rest.length > 0 || instanceId < 0) return { code: codes.methodNotAllowed };
  if (!found?.instances.has(instanceId)) return { code: codes.notFound };
  if (!found.factory?.remove(instanceId)) return { code: codes.methodNotAllowed };
  device.tree.removeInstance(objectId, instanceId);
  return { code: codes.deleted };
}
