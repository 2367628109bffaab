import multipart from '@fastify/multipart';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { httpErrors } from './errors.ts';
import { invalidFields } from './validation.ts';

const notAForm = () =>
  httpErrors('request.media.type', {
    message: 'The body has to be a form with a file, with Content-Type: multipart/form-data.',
    next: 'Send the file as a form does: curl -F name=@file …',
  });

/** Bodies of this scope are forms (RFC 7578). @param fileSize bytes of a file at most */
export async function formConventions(app: FastifyInstance, fileSize: number): Promise<void> {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', async () => {
    throw notAForm();
  });
  await app.register(multipart, { limits: { fileSize, files: 1, fields: 20, fieldSize: 64 * 1024, parts: 30 } });
}

/**
 * The bytes of the file in a form.
 *
 * @throws MooringError `request.media.type`, `request.too.large`, `request.invalid`
 */
export async function fileOf(request: FastifyRequest, name: string): Promise<Uint8Array> {
  if (!request.isMultipart()) throw notAForm();
  let found: Uint8Array | undefined;
  try {
    for await (const part of request.parts()) {
      // What is not asked for has to be read all the same.
      const bytes = part.type === 'file' ? await part.toBuffer() : Buffer.from(String(part.value));
      if (part.fieldname === name) found ??= bytes;
    }
  } catch (error) {
    throw formError(error as Error & { statusCode?: number });
  }
  if (found) return found;
  throw invalidFields([{ name, message: 'Is required.' }]);
}

function formError(error: Error & { statusCode?: number }): Error {
  if (error.statusCode === 413) {
    return httpErrors('request.too.large', {
      message: 'The file is larger than any that is taken here.',
      cause: error,
    });
  }
  // A connection that broke, or a form that is none.
  return invalidFields([{ name: 'body', message: 'Is not a form that can be read.' }]);
}
