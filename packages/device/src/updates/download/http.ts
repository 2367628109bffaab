import { get as httpGet, type IncomingMessage } from 'node:http';
import { get as httpsGet } from 'node:https';
import { type ImageSource, ImageUnavailable, ImageWrong } from './source.ts';

/** Without a byte for so long a connection is dead, ms. */
const silence = 30_000;
const mostRedirects = 5;

/** Answers that another attempt may change. */
const isPassing = (status: number): boolean => status >= 500 || status === 408 || status === 425 || status === 429;

function ask(url: URL, offset: number, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const get = url.protocol === 'https:' ? httpsGet : httpGet;
    const headers = { 'Accept-Encoding': 'identity', ...(offset > 0 ? { Range: `bytes=${offset}-` } : {}) };
    const request = get(url, { headers, signal, timeout: silence }, resolve);
    request.once('timeout', () => request.destroy(new Error(`nothing came for ${silence / 1000} s`)));
    request.once('error', reject);
  });
}

async function answered(uri: string, offset: number, signal: AbortSignal): Promise<IncomingMessage> {
  let url = new URL(uri);
  for (let redirects = 0; ; redirects++) {
    const response = await ask(url, offset, signal);
    const { statusCode = 0, headers } = response;
    if (![301, 302, 303, 307, 308].includes(statusCode) || headers.location === undefined) return response;
    response.resume();
    const next = new URL(headers.location, url);
    // From what is protected to what is not: nobody would mean that.
    const isWorse = url.protocol === 'https:' && next.protocol !== 'https:';
    if (redirects >= mostRedirects || isWorse || !/^https?:$/.test(next.protocol)) {
      throw new ImageWrong(`the server sends on to ${next.href}`);
    }
    url = next;
  }
}

/** Where the answer begins, once what it says of itself is known to be true to the manifest. */
function checkedStart(response: IncomingMessage, offset: number, size: number): number {
  const { statusCode = 0, headers } = response;
  const fail = (reason: string) => {
    response.destroy();
    throw new ImageWrong(reason);
  };
  if (statusCode === 206) {
    const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(headers['content-range'] ?? '');
    const total = range?.[3] === '*' ? size : Number(range?.[3]);
    if (!range || Number(range[1]) !== offset || Number(range[2]) >= size || total !== size) {
      fail(
        `the server gives the range ${headers['content-range'] ?? '(none)'} where bytes ${offset} to ${size} were asked for`,
      );
    }
    return offset;
  }
  if (statusCode === 200) {
    const length = headers['content-length'];
    if (length !== undefined && Number(length) !== size)
      fail(`the server has ${length} bytes, the manifest says ${size}`);
    return 0;
  }
  response.destroy();
  const reason = `the server answers with status ${statusCode}`;
  // The range lies beyond what is there: what was kept is of something else.
  if (statusCode === 416 && offset > 0) throw new ImageUnavailable(reason, true);
  if (isPassing(statusCode)) throw new ImageUnavailable(reason);
  throw new ImageWrong(reason);
}

/** An image on a web server. */
export const httpSource: ImageSource = async function* (uri, { offset, size, signal }) {
  const response = await answered(uri, offset, signal);
  let at = checkedStart(response, offset, size);
  try {
    for await (const chunk of response) {
      const data = chunk as Buffer;
      if (at + data.length > size) throw new ImageWrong(`the server sends more than the ${size} bytes of the manifest`);
      yield { offset: at, data };
      at += data.length;
    }
  } finally {
    response.destroy();
  }
};
