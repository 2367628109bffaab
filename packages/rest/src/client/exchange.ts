import type { Agent, IncomingMessage } from 'node:http';
import { restErrors } from '../errors.ts';
import { addressText } from './address.ts';
import { networkFailure, timedOut } from './network-failure.ts';

/** More than any body of the contract; a larger one is not from a Device Management service. */
const largestAnswer = 32 * 1024 * 1024;

export interface Call {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  url: URL;
  headers: Readonly<Record<string, string>>;
  body?: string;
  /** PEM of the only CAs to trust; the machine's own if absent. */
  ca?: string;
  agent?: Agent;
  /** Milliseconds for the whole exchange. */
  timeout: number;
  signal?: AbortSignal;
}

export interface Answer {
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
      ...(call.body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(call.body)) }),
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
  sent.on('response', (answer) => {
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
        status: answer.statusCode ?? 0,
        headers: answer.headers,
        body: Buffer.concat(chunks).toString('utf8'),
      }),
    );
  });
  sent.end(call.body);
  try {
    return await promise;
  } finally {
    clearTimeout(deadline);
  }
}

const tooLarge = (url: URL) =>
  restErrors('rest.answer.foreign', {
    message: `${url.host} sends more than any answer of a Device Management service holds.`,
    next: 'Check the address.',
    data: { url: addressText(url) },
  });
