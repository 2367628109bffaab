import type { FastifyRequest } from 'fastify';
import { httpErrors } from './errors.ts';
import { invalidFields } from './validation.ts';

/** A body that a web form of another site could not have sent: JSON by its type, or without any type. */
const isJsonType = (type: string | undefined): boolean =>
  type === undefined || /^\s*(application\/json|[^;]*\+json)\s*(;|$)/i.test(type);

/**
 * Reads a body. None is fine whatever type was announced: Python's SDK announces JSON with every request, also
 * with those that have no body.
 *
 * @throws MooringError `request.media.type`, `request.invalid`
 */
export async function readJson(request: FastifyRequest, text: string): Promise<unknown> {
  if (text.trim() === '') return undefined;
  if (!isJsonType(request.headers['content-type'])) {
    throw httpErrors('request.media.type', {
      message: 'The body has to be JSON, with Content-Type: application/json.',
      next: 'Set the header.',
    });
  }
  let value: unknown;
  try {
    value = JSON.parse(text, (key, inner) => (key === '__proto__' ? undefined : inner));
  } catch {
    throw invalidFields([{ name: 'body', message: 'Is not JSON.' }]);
  }
  return value;
}
