import type { FastifyInstance } from 'fastify';

/** How long a body may take to arrive, ms; of an upload, how long nothing may arrive. */
const bodyTime = 60_000;

/**
 * Ends connections whose body does not arrive. Node's own deadline would be that of every request, and an image takes as long
 * as the line needs.
 *
 * @param late answers over the bare connection
 */
export function limitBodyTime(
  app: FastifyInstance,
  late: (request: { id: string; raw: { socket: unknown } }) => void,
): void {
  app.addHook('onRequest', async (request) => {
    const { headers, raw } = request;
    if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) return;
    if (headers['content-length'] === '0') return;
    const timer = setTimeout(() => late(request), bodyTime);
    timer.unref();
    const over = () => clearTimeout(timer);
    raw.once('end', over);
    raw.once('close', over);
    if (!request.routeOptions?.config.upload) return;
    const { socket } = raw;
    let seen = socket.bytesRead;
    const watch = setInterval(() => {
      if (socket.bytesRead === seen) late(request);
      else timer.refresh();
      seen = socket.bytesRead;
    }, bodyTime / 2);
    watch.unref();
    raw.once('close', () => clearInterval(watch));
    raw.once('end', () => clearInterval(watch));
  });
}
