import type { ServerResponse } from 'node:http';
import type { Timers } from '@mooring/platform';
import type { OpenLink } from './open-link.ts';
import type { Pieces } from './pieces.ts';
import type { Part } from './range.ts';

/** Bytes that are handed to a connection at a time where its rate is limited: a tenth of a second's, and not less. */
const leastPiece = 4 * 1024;

/** When a connection takes more again; false if it is over. */
function writable(response: ServerResponse): Promise<boolean> {
  return new Promise((resolve) => {
    const over = (is: boolean) => () => {
      response.off('drain', drained);
      response.off('close', closed);
      resolve(is);
    };
    const drained = over(true);
    const closed = over(false);
    response.once('drain', drained);
    response.once('close', closed);
  });
}

const pause = (timers: Timers, milliseconds: number): Promise<void> =>
  new Promise((resolve) => timers.after(milliseconds, resolve));

/**
 * Sends a part, never more ahead of the client than a piece or two.
 *
 * @param rate bytes a second; 0 for as fast as it goes
 */
export async function sendPart(
  response: ServerResponse,
  link: OpenLink,
  { first, last }: Part,
  { pieces, timers, rate }: { pieces: Pieces; timers: Timers; rate: number },
): Promise<void> {
  const begun = timers.now();
  for (let offset = first; offset <= last; ) {
    let bytes = await pieces.read(link.key, link, offset);
    if (bytes.length > last - offset + 1) bytes = bytes.subarray(0, last - offset + 1);
    if (rate > 0) bytes = bytes.subarray(0, Math.max(leastPiece, Math.floor(rate / 10)));
    if (response.destroyed) return;
    offset += bytes.length;
    const goes = response.write(bytes);
    if (!goes && !(await writable(response))) return;
    if (rate > 0) {
      const ahead = ((offset - first) / rate) * 1000 - (timers.now() - begun);
      if (ahead > 0) await pause(timers, ahead);
    }
  }
  response.end();
}
