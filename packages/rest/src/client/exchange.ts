import type { Agent, ClientRequest, IncomingMessage } from 'node:http';
import { restErrors } from '../errors.ts';
import { addressText } from './address.ts';
import type { Upload } from './multipart-form.ts';
import { networkFailure, timedOut } from './network-failure.ts';

/** More than any body of the contract; a larger one is not from a Device Management service. */
const largestAnswer = 32 * 1024 * 1024;

export interface Call {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  url: URL;
  headers: Readonly<Record<string, string>>;
  body?: string | Upload;
  /** Told how many bytes of an upload have been handed to the network. */
  sent?: (bytes: number) => void;
  /** PEM of the only CAs to trust; the machine's own if absent. */
  ca?: string;
  agent?: Agent;
  /** Milliseconds for the whole exchange; with an upload from each piece of it that went out. */
  timeout: number;
  signal?: AbortSignal;
}

export interface Answer {
  /** `POST /v3/update-campaigns` */
  request: string;
  status: number;
  headers: IncomingMessage['headers'];
  body: string;
}

/**
 * Sends one request and reads the whole answer, whatever its status.
 *
 * @throws MooringError `rest.unreachable`, `rest.timeout`, `rest.tls.*`, `rest.answer.foreign`
 */
export async function exchange(call: Call): Promise<Answer> {
  const { url, ca, agent, signal } = call;
  const { request } = url.protocol === 'https:' ? await import('node:https') : await import('node:http');
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const sent = request(url, {
    method: call.method,
    headers: {
      ...call.headers,
      ...(call.body === undefined ? {} : { 'Content-Length': String(sizeOf(call.body)) }),
    },
    ...(agent === undefined ? {} : { agent }),
    ...(signal === undefined ? {} : { signal }),
    // A pinned certificate may be any one of the chain, not only its root.
    ...(ca === undefined ? {} : { ca, allowPartialTrustChain: true }),
  });
  const deadline = setTimeout(() => sent.destroy(timedOut(url, call.timeout)), call.timeout);
  const fail = (error: Error) =>
    reject(error.name === 'MooringError' || error.name === 'AbortError' ? error : networkFailure(error, url));
  sent.on('error', fail);
  let answered = false;
  sent.on('response', (answer) => {
    answered = true;
    const chunks: Buffer[] = [];
    let size = 0;
    answer.on('error', fail);
    answer.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= largestAnswer) chunks.push(chunk);
      else sent.destroy(tooLarge(url));
    });
    answer.on('end', () =>
      resolve({
        request: `${call.method} ${url.pathname}`,
        status: answer.statusCode ?? 0,
        headers: answer.headers,
        body: Buffer.concat(chunks).toString('utf8'),
      }),
    );
  });
  if (typeof call.body !== 'object') sent.end(call.body);
  else {
    const progress = (bytes: number) => {
      deadline.refresh();
      call.sent?.(bytes);
    };
    sendPieces(sent, call.body, progress, () => answered).catch((error: Error) => sent.destroy(error));
  }
  try {
    return await promise;
  } finally {
    clearTimeout(deadline);
    // What has refused an upload early does not read the rest of it.
    if (!sent.writableEnded) sent.destroy();
  }
}

const sizeOf = (body: string | Upload): number => (typeof body === 'string' ? Buffer.byteLength(body) : body.size);

async function sendPieces(
  request: ClientRequest,
  body: Upload,
  progress: (bytes: number) => void,
  isAnswered: () => boolean,
): Promise<void> {
  let bytes = 0;
  for await (const piece of body.pieces()) {
    const isFull = !request.write(piece);
    if (isFull) await drained(request);
    if (isAnswered() || request.destroyed) return;
    bytes += piece.length;
    progress(bytes);
  }
  request.end();
}

/** Until more can be written, or never will. */
function drained(request: ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      for (const event of ['drain', 'close', 'response']) request.off(event, done);
      resolve();
    };
    for (const event of ['drain', 'close', 'response']) request.on(event, done);
  });
}

const tooLarge = (url: URL) =>
  restErrors('rest.answer.foreign', {
    message: `${url.host} sends more than any answer of a Device Management service holds.`,
    next: 'Check the address.',
    data: { url: addressText(url) },
  });
