import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Refusal } from './refusal.ts';

/**
 * Answers of /v2 are texts that programs compare, not the error envelope; and bodies are values for a device as often
 * as JSON, so they are handed over as they came.
 */
export function plainConventions(app: FastifyInstance, bodyLimit: number): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit }, async (_: FastifyRequest, body: Buffer) => body);
  app.setErrorHandler((error, _request, reply) => {
    if (error instanceof Refusal) return sendRefusal(reply, error);
    if ((error as { statusCode?: number }).statusCode === 413) {
      return sendRefusal(reply, new Refusal(413, 'PAYLOAD_TOO_LARGE'));
    }
    throw error;
  });
}

function sendRefusal(reply: FastifyReply, { status, text, why }: Refusal): FastifyReply {
  if (why !== undefined) reply.header('X-Reason', why.replace(/[^\x20-\x7e]/g, ' '));
  return reply
    .code(status)
    .type('text/plain; charset=utf-8')
    .serializer((body) => String(body))
    .send(text);
}

/** The bytes of a request; none is an empty body. */
export const bytesOf = (request: FastifyRequest): Uint8Array =>
  request.body instanceof Uint8Array ? request.body : new Uint8Array();

/** @throws Refusal 400 `MALFORMED_JSON_CONTENT` */
export function jsonOf(request: FastifyRequest): unknown {
  const text = Buffer.from(bytesOf(request)).toString('utf8');
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text, (key, value) => (key === '__proto__' ? undefined : value)) as unknown;
  } catch {
    throw new Refusal(400, 'MALFORMED_JSON_CONTENT', 'The body is not JSON.');
  }
}

/** @throws Refusal 400 `MALFORMED_JSON_CONTENT` */
export function objectOf(request: FastifyRequest): Readonly<Record<string, unknown>> {
  const value = jsonOf(request) ?? {};
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Refusal(400, 'MALFORMED_JSON_CONTENT', 'The body has to be a JSON object.');
  }
  return value as Record<string, unknown>;
}
