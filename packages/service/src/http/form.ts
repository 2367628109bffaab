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
export async function formConventions(app: FastifyInstance, fileSize: number, files = 1): Promise<void> {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', async () => {
    throw notAForm();
  });
  await app.register(multipart, { limits: { fileSize, files, fields: 20, fieldSize: 64 * 1024, parts: 30 } });
}

/** A file of a form. */
export interface FormFile {
  readonly bytes: Uint8Array;
  /** As the client names it; empty where it does not. */
  readonly fileName: string;
}

/**
 * The fields of a form and its small files, those that are named here; the parts may stand in any order, and a file may come as
 * a field.
 *
 * @throws MooringError `request.media.type`, `request.too.large`, `request.invalid`
 */
export async function filesOf(
  request: FastifyRequest,
  names: readonly string[],
): Promise<{ fields: Map<string, string>; files: Map<string, FormFile> }> {
  if (!request.isMultipart()) throw notAForm();
  const fields = new Map<string, string>();
  const files = new Map<string, FormFile>();
  try {
    for await (const part of request.parts()) {
      // What is not asked for has to be read all the same.
      const bytes = part.type === 'file' ? await part.toBuffer() : Buffer.from(String(part.value));
      const { fieldname } = part;
      if (names.includes(fieldname)) {
        if (!files.has(fieldname))
          files.set(fieldname, { bytes, fileName: part.type === 'file' ? (part.filename ?? '') : '' });
      } else if (part.type === 'field' && !fields.has(fieldname)) fields.set(fieldname, String(part.value));
    }
  } catch (error) {
    throw formError(error as Error & { statusCode?: number });
  }
  return { fields, files };
}

/**
 * The bytes of the file in a form.
 *
 * @throws MooringError `request.media.type`, `request.too.large`, `request.invalid`
 */
export async function fileOf(request: FastifyRequest, name: string): Promise<Uint8Array> {
  const found = (await filesOf(request, [name])).files.get(name);
  if (found) return found.bytes;
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

/** What stands in a form beside its file. */
export interface FormWithFile<Taken> {
  readonly fields: ReadonlyMap<string, string>;
  /** What was made of the file; undefined if there was none. */
  readonly taken: Taken | undefined;
}

/**
 * Reads a form whose file may be larger than memory: `take` gets it as it comes, and other files are passed over. The parts
 * may stand in any order.
 *
 * @throws MooringError `request.media.type`, `request.invalid`, and whatever `take` throws
 */
export async function streamedForm<Taken>(
  request: FastifyRequest,
  file: string,
  take: (source: AsyncIterable<Uint8Array>, fileName: string) => Promise<Taken>,
): Promise<FormWithFile<Taken>> {
  if (!request.isMultipart()) throw notAForm();
  const fields = new Map<string, string>();
  let taken: { value: Taken } | undefined;
  let failure: { error: unknown } | undefined;
  try {
    for await (const part of request.parts()) {
      if (part.type === 'field') {
        if (!fields.has(part.fieldname)) fields.set(part.fieldname, String(part.value));
      } else if (part.fieldname === file && taken === undefined) {
        try {
          taken = { value: await take(part.file, part.filename ?? '') };
        } catch (error) {
          failure = { error };
          break;
        }
      } else part.file.resume();
    }
  } catch (error) {
    throw formError(error as Error & { statusCode?: number });
  }
  if (failure) throw failure.error;
  return { fields, taken: taken?.value };
}

/** Longest of the fields beside the file that the contract has. */
const longest = { name: 128, description: 2000 } as const;

/** @throws MooringError `request.invalid` for a name or a description that the contract does not allow */
export function namesOf(fields: ReadonlyMap<string, string>): {
  name: string | undefined;
  description: string | undefined;
} {
  for (const [field, most] of Object.entries(longest)) {
    const value = fields.get(field) ?? '';
    if (value.length > most) throw invalidFields([{ name: field, message: `Has to have at most ${most} characters.` }]);
    if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/.test(value))
      throw invalidFields([{ name: field, message: 'Has characters that are not allowed here.' }]);
  }
  return { name: fields.get('name'), description: fields.get('description') };
}
