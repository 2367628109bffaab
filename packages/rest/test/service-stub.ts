import { createServer as createHttpServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface Reply {
  status?: number;
  headers?: Record<string, string>;
  body?: unknown;
}

export interface Stub {
  url: string;
  requests: { method: string; path: string; headers: IncomingMessage['headers']; body: string }[];
}

/** A server that gives what a test tells it to, for as long as the test runs. */
export async function stub(
  test: { after(done: () => Promise<void>): void },
  reply: (path: string) => Reply | Promise<Reply>,
  tls?: { key: string; cert: string },
): Promise<Stub> {
  const requests: Stub['requests'] = [];
  const listener = async (request: IncomingMessage, response: import('node:http').ServerResponse) => {
    const chunks: Buffer[] | undefined = await request.toArray().catch(() => undefined);
    // A client that broke off gets no answer.
    if (!chunks) return;
    const { method = '', url = '', headers } = request;
    requests.push({ method, path: url, headers, body: Buffer.concat(chunks).toString() });
    const { status = 200, headers: extra = {}, body } = await reply(url);
    response.writeHead(status, { 'Content-Type': 'application/json', ...extra });
    response.end(typeof body === 'string' ? body : body === undefined ? '' : JSON.stringify(body));
  };
  const server: Server = tls ? createHttpsServer(tls, listener) : createHttpServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  test.after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`, requests };
}
