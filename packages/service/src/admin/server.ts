import { chmod } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileError, isMooringError } from '@mooring/platform';
import { adminErrors } from '../errors.ts';
import type { Log } from '../serve/log.ts';
import { type AdminFolder, type OperationName, perform } from './operations.ts';
import { operatorBackup } from './operator-backup.ts';

/** Longest request that is read, in bytes. */
const requestLimit = 1 << 20;

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > requestLimit) throw malformed();
    chunks.push(chunk);
  }
  try {
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    if (typeof body === 'object' && body !== null) return body as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw malformed();
}

const malformed = () =>
  adminErrors('admin.refused', {
    message: 'The request to the admin socket is not a JSON object.',
    next: 'Use the command mooring.',
  });

function answer(response: ServerResponse, status: number, value: unknown): void {
  const body = Buffer.from(JSON.stringify(value), 'utf8');
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.length });
  response.end(body);
}

async function sendArchive(response: ServerResponse, archive: Readable): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/gzip' });
  // If it fails on the way, the connection breaks off, and the other side sees that it is not whole.
  await pipeline(archive, response);
}

async function serveOne(folder: AdminFolder, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const operation = decodeURIComponent((request.url ?? '/').slice(1));
  const input = await bodyOf(request);
  if (operation !== 'backup') {
    answer(response, 200, { result: await perform(folder, operation as OperationName, input as never) });
    return;
  }
  const passphrase = typeof input.passphrase === 'string' ? input.passphrase : undefined;
  const backup = await operatorBackup(folder, { passphrase, withImages: input.withImages !== false });
  try {
    await sendArchive(response, backup.archive);
  } finally {
    await backup.discard();
  }
}

export interface AdminServer {
  /** For whoever cannot wait for the last request. */
  readonly connections: Pick<Server, 'closeIdleConnections' | 'closeAllConnections'>;
  /** Waits for the requests that run. */
  close(): Promise<void>;
}

/**
 * Listens on a Unix socket of mode 0600: whoever can open it is the operator, and nothing else is asked.
 *
 * @throws MooringError `file.*`
 */
export async function startAdminServer(path: string, folder: AdminFolder, log: Log): Promise<AdminServer> {
  const server = createServer((request, response) => {
    serveOne(folder, request, response).catch((error: unknown) => {
      if (!isMooringError(error)) log.error('admin.failed', `A request to the admin socket failed: ${String(error)}`);
      if (response.headersSent) return void response.destroy();
      const known = isMooringError(error)
        ? { code: error.code, message: error.message, next: error.next, data: error.data }
        : { code: 'internal', message: `The service failed in a way that it should not: ${String(error)}` };
      answer(response, 400, { error: known });
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(fileError(error, path)));
    // The socket is made inside this call, with the mode that the umask leaves: 0600 from the start.
    const before = process.umask(0o177);
    try {
      server.listen(path, resolve);
    } finally {
      process.umask(before);
    }
  });
  await chmod(path, 0o600);
  return {
    connections: server,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
