import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { fileError } from '@mooring/platform';
import { createErrors } from './errors.ts';

export interface Digest {
  /** SHA-256. */
  hash: Uint8Array;
  /** Bytes. */
  size: number;
}

async function digest(pieces: AsyncIterable<Uint8Array>): Promise<Digest> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const piece of pieces) {
    hash.update(piece);
    size += piece.length;
  }
  return { hash: new Uint8Array(hash.digest()), size };
}

/** A file or a pipe in pieces, each valid until the next one. */
async function* piecesOfFile(path: string): AsyncGenerator<Uint8Array, void, undefined> {
  const file = await open(path, 'r');
  try {
    const buffer = new Uint8Array(262_144);
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

/**
 * @param path absolute
 * @param shown as the input names it
 * @throws MooringError `create.payload.unreadable`
 */
export async function digestOfFile(path: string, shown: string): Promise<Digest> {
  try {
    return await digest(piecesOfFile(path));
  } catch (error) {
    const cause = fileError(error, shown);
    throw createErrors('create.payload.unreadable', {
      message: (cause as Error).message,
      next:
        path.endsWith(shown) && path !== shown
          ? `Paths are relative to the folder of the -i file: it was looked for at ${path}.`
          : 'Check the path.',
      cause,
      data: { path },
    });
  }
}

/** As long as a large image may take on a slow line, in ms. */
const patience = 10 * 60_000;

async function fetchFrom(url: string, signal: AbortSignal): Promise<Response> {
  const failed = (reason: string, cause?: unknown) =>
    createErrors('create.download.failed', {
      message: `${url} could not be fetched: ${reason}.`,
      next: 'Check the address, or name a local copy with "file" beside it.',
      cause,
      data: { url },
    });
  if (!/^https?:\/\//i.test(url)) throw failed('only http and https are');
  try {
    const response = await fetch(url, {
      headers: { 'user-agent': 'mooring-manifest-tool' },
      signal: AbortSignal.any([signal, AbortSignal.timeout(patience)]),
    });
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    return response;
  } catch (error) {
    if (signal.aborted) throw error;
    const { cause, message } = error as Error;
    throw failed(cause instanceof Error ? cause.message : message, error);
  }
}

export async function digestOfUrl(url: string, signal: AbortSignal): Promise<Digest> {
  const { body } = await fetchFrom(url, signal);
  return await digest((body ?? []) as AsyncIterable<Uint8Array>);
}

/** For certificates: no more than this many bytes. */
const largest = 64 * 1024;

export async function bytesOfUrl(url: string, signal: AbortSignal): Promise<Uint8Array> {
  const { body } = await fetchFrom(url, signal);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > largest) {
      throw createErrors('create.download.failed', {
        message: `${url} is larger than any certificate.`,
        next: 'Check the address.',
        data: { url },
      });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
