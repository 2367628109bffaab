import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { systemTimers, type Timers } from '@mooring/platform';
import type { ListenAddress } from '../../serve/address.ts';
import { listenError } from '../../serve/listening.ts';
import type { Domain } from '../../storage/context.ts';
import { parseLinkPath } from './links.ts';
import { type OpenLink, openLink } from './open-link.ts';
import { Pieces } from './pieces.ts';
import { type Part, parseRange } from './range.ts';
import { sendPart } from './send.ts';

export interface DownloadOptions extends ListenAddress {
  /** Bytes a second that one download gets; 0 for no limit. */
  readonly rate: number;
  /** Downloads at a time; 0 for no limit. */
  readonly most: number;
  /** A client that takes nothing for this long is gone, in ms. */
  readonly idle?: number;
  readonly timers?: Timers;
  readonly fault?: (error: unknown) => void;
}

export interface DownloadCounts {
  /** Now. */
  active: number;
  /** That ended with all that was asked for. */
  completed: number;
  /** That broke. */
  broken: number;
  /** That were told to come again. */
  refused: number;
  bytes: number;
}

export interface DownloadServer {
  readonly port: number;
  readonly counts: DownloadCounts;
  close(): Promise<void>;
}

const defaultIdle = 120_000;

/** Seconds after which a client may come again that was refused. */
const retryAfter = 30;

const text = 'text/plain; charset=utf-8';

function refuse(
  response: ServerResponse,
  status: number,
  sentence: string,
  headers: Record<string, string> = {},
): void {
  const body = `${sentence}\n`;
  response.writeHead(status, { 'Content-Type': text, 'Content-Length': String(Buffer.byteLength(body)), ...headers });
  response.end(body);
}

/** Old clients look for these names as they are spelt here, and follow no redirects. */
function headersOf(link: OpenLink, part: Part, isPart: boolean): Record<string, string> {
  return {
    'Content-Type': 'application/octet-stream',
    'Content-Length': String(part.last - part.first + 1),
    'Accept-Ranges': 'bytes',
    ETag: link.etag,
    'Last-Modified': new Date(link.modified).toUTCString(),
    'Cache-Control': 'private, max-age=86400, immutable',
    ...(isPart ? { 'Content-Range': `bytes ${part.first}-${part.last}/${link.size}` } : {}),
  };
}

/** Whether what a client has is what there is (RFC 9110 §13.1.5): else it gets the whole. */
const mayGoOn = ({ headers }: IncomingMessage, link: OpenLink): boolean => {
  const condition = headers['if-range'];
  return condition === undefined || condition === link.etag || condition === new Date(link.modified).toUTCString();
};

/**
 * Where devices download: plain HTTP, since the clients in the field speak nothing else, and what they load is checked against a
 * signed manifest. Nobody is asked who he is; the links cannot be guessed.
 *
 * @throws MooringError `serve.*`
 */
export async function startDownloads(domain: Domain, options: DownloadOptions): Promise<DownloadServer> {
  const { host, port, rate, most, idle = defaultIdle, timers = systemTimers, fault = () => undefined } = options;
  const pieces = new Pieces();
  const counts: DownloadCounts = { active: 0, completed: 0, broken: 0, refused: 0, bytes: 0 };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      refuse(response, 405, 'Images can be read, and nothing else.', { Allow: 'GET, HEAD' });
      return;
    }
    const path = (request.url ?? '').replace(/^[a-z]+:\/\/[^/]*/i, '').split(/[?#]/)[0] ?? '';
    const wanted = parseLinkPath(path);
    const link = wanted && (await openLink(domain, wanted));
    if (!link) {
      refuse(response, 404, 'There is nothing here, or nothing any more.');
      return;
    }
    if (link === 'absent') {
      // Not 410: whoever puts the file back, makes the link good again.
      refuse(response, 404, 'The file of this firmware image is missing here.');
      return;
    }
    try {
      // Before the range (RFC 9110 §13.2.2).
      if (request.headers['if-none-match'] === link.etag) {
        response.writeHead(304, { ETag: link.etag }).end();
        return;
      }
      // A range means something to GET alone (RFC 9110 §14.2).
      if (request.method === 'HEAD') {
        response.writeHead(200, headersOf(link, { first: 0, last: link.size - 1 }, false)).end();
        return;
      }
      const range = mayGoOn(request, link) ? parseRange(request.headers.range, link.size) : 'whole';
      if (range === 'unsatisfiable') {
        refuse(response, 416, 'The range begins after the end.', { 'Content-Range': `bytes */${link.size}` });
        return;
      }
      const part = range === 'whole' ? { first: 0, last: link.size - 1 } : range;
      if (most > 0 && counts.active >= most) {
        counts.refused++;
        refuse(response, 503, 'There are too many downloads just now.', { 'Retry-After': String(retryAfter) });
        return;
      }
      response.writeHead(range === 'whole' ? 200 : 206, headersOf(link, part, range !== 'whole'));
      counts.active++;
      try {
        await sendPart(response, link, part, { pieces, timers, rate });
      } finally {
        counts.active--;
        if (response.writableEnded) counts.completed++;
        else counts.broken++;
      }
    } finally {
      await link.close();
    }
  }

  const server = createServer({ keepAliveTimeout: 15_000, highWaterMark: 256 * 1024 }, (request, response) => {
    answer(request, response).catch((error: unknown) => {
      fault(error);
      // The length was promised: what is missing of it is noticed, and asked for again.
      if (response.headersSent) response.destroy();
      else refuse(response, 500, 'The service failed; its log has more.');
    });
  });
  server.on('connection', (socket: Socket) => {
    socket.setTimeout(idle, () => socket.destroy());
    socket.once('close', () => {
      counts.bytes += socket.bytesWritten;
    });
  });
  await listenOn(server, { host, port });
  return {
    port: (server.address() as AddressInfo).port,
    counts,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function listenOn(server: Server, address: ListenAddress): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, address, '--downloads')));
    server.listen({ ...address, exclusive: true }, resolve);
  });
}
