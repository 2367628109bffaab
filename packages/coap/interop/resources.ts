// The small server that the real clients talk to.
import { setTimeout as sleep } from 'node:timers/promises';
import { type CoapOptions, codes, type IncomingRequest, type Subscription } from '../src/index.ts';

export const largeBody: Uint8Array = Uint8Array.from(
  { length: 50_000 },
  (_, index) => (index * 31 + (index >> 8)) & 0xff,
);

const content = (payload: string | Uint8Array, contentFormat = 0) => ({
  code: codes.content,
  contentFormat,
  payload: typeof payload === 'string' ? new TextEncoder().encode(payload) : payload,
});

/** A good part of it will do. */
const isLarge = (payload: Uint8Array): boolean =>
  payload.length >= 10_000 && Buffer.compare(payload, largeBody.subarray(0, payload.length)) === 0;

/** Notifies a count every 200 ms until nobody listens. */
async function count(subscription: Subscription): Promise<void> {
  for (let value = 1; subscription.active; value++) {
    await sleep(200);
    await subscription.notify(content(`count ${value}`));
  }
}

export interface Served {
  readonly requests: IncomingRequest[];
  readonly faults: unknown[];
  readonly options: CoapOptions;
}

/** `hello`, `large` (50,000 bytes), `echo`, `separate` (after 2.5 s), `count` (observable); whatever is written to `large` is compared. */
export function serves(framing: CoapOptions['framing']): Served {
  const requests: IncomingRequest[] = [];
  const faults: unknown[] = [];
  const options: CoapOptions = {
    framing,
    limits: { bodySize: 200_000 },
    fault: (error) => faults.push(error),
    async handler(request, { connection }) {
      requests.push(request);
      const { method, path, payload, token, observe } = request;
      switch (path.join('/')) {
        case 'hello':
          return method === 'GET' ? content('Hello') : { code: codes.methodNotAllowed };
        case 'large':
          if (method === 'GET') return content(largeBody, 42);
          return { code: isLarge(payload) ? codes.changed : codes.badRequest };
        case 'echo':
          return {
            ...content(payload, request.contentFormat ?? 42),
            code: method === 'GET' ? codes.content : codes.changed,
          };
        case 'query':
          return content(request.query.join('|'));
        case 'separate':
          await sleep(2500);
          return content('late');
        case 'count': {
          if (observe !== 0) {
            connection.subscription(token)?.end();
            return content('count 0');
          }
          const subscription = connection.subscribe(token);
          void count(subscription);
          return { ...content('count 0'), observe: subscription.nextNumber() };
        }
        default:
          return { code: codes.notFound };
      }
    },
  };
  return { requests, faults, options };
}
