import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { fileError, platformErrors } from '@mooring/platform';

/** Bytes of a known number that come piece by piece. */
export interface Content {
  readonly size: number;
  pieces(): AsyncIterable<Uint8Array>;
}

/** A body that is sent as it comes, so that memory does not grow with it. */
export interface Upload extends Content {
  readonly contentType: string;
}

export const bytesContent = (bytes: Uint8Array): Content => ({
  size: bytes.length,
  async *pieces() {
    yield bytes;
  },
});

/**
 * A file, or a part of it.
 *
 * @throws MooringError `file.*`; from `pieces` too, where the file has become shorter
 */
export async function fileContent(path: string, from = 0, length?: number): Promise<Content> {
  const all = await stat(path).catch((error: unknown) => {
    throw fileError(error, path);
  });
  const size = Math.min(length ?? all.size, Math.max(0, all.size - from));
  return {
    size,
    async *pieces() {
      if (size === 0) return;
      let read = 0;
      try {
        for await (const piece of createReadStream(path, { start: from, end: from + size - 1 })) {
          read += (piece as Buffer).length;
          yield piece as Buffer;
        }
      } catch (error) {
        throw fileError(error, path);
      }
      if (read === size) return;
      throw platformErrors('file.failed', {
        message: `${path} has become shorter while it was sent.`,
        next: 'Repeat once nothing else changes it.',
        data: { path },
      });
    },
  };
}

export type FormPart =
  | { readonly name: string; readonly text: string }
  | { readonly name: string; readonly filename: string; readonly contentType?: string; readonly content: Content };

/** As browsers write a name in `Content-Disposition` (HTML, "multipart form data"). */
const quoted = (text: string): string =>
  `"${text.replaceAll('"', '%22').replaceAll('\r', '%0D').replaceAll('\n', '%0A')}"`;

function headOf(part: FormPart): string {
  const file = 'text' in part ? '' : `; filename=${quoted(part.filename)}`;
  const type = 'text' in part || part.contentType === undefined ? '' : `Content-Type: ${part.contentType}\r\n`;
  return `Content-Disposition: form-data; name=${quoted(part.name)}${file}\r\n${type}\r\n`;
}

/**
 * A `multipart/form-data` body (RFC 7578), its parts in the order given.
 *
 * @param boundary that occurs in no part, as 32 random hex digits do not
 */
export function multipartForm(parts: readonly FormPart[], boundary: string): Upload {
  const sections = parts.map((part) => ({
    head: Buffer.from(`--${boundary}\r\n${headOf(part)}`),
    content: 'text' in part ? bytesContent(Buffer.from(part.text)) : part.content,
  }));
  const lineEnd = Buffer.from('\r\n');
  const end = Buffer.from(`--${boundary}--\r\n`);
  const size = sections.reduce((sum, { head, content }) => sum + head.length + content.size + lineEnd.length, 0);
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    size: size + end.length,
    async *pieces() {
      for (const { head, content } of sections) {
        yield head;
        yield* content.pieces();
        yield lineEnd;
      }
      yield end;
    },
  };
}
