import { createServer, type Server } from 'node:http';
import type { ListenAddress } from '../serve/address.ts';
import { listenError } from '../serve/listening.ts';
import type { Readiness } from '../serve/readiness.ts';
import { expositionType } from './exposition.ts';
import type { Metrics } from './metrics.ts';

/**
 * A listener of its own for who watches the service: `/metrics`, `/healthz`, `/readyz`, and nothing else.
 *
 * @throws MooringError `serve.*`
 */
export async function startMetricsServer(
  address: ListenAddress,
  metrics: Metrics,
  readiness: Readiness,
): Promise<Server> {
  const answers: Readonly<Record<string, () => Promise<[status: number, type: string, body: string]>>> = {
    '/metrics': async () => [200, expositionType, await metrics.text()],
    '/healthz': async () => [200, 'application/json', '{"status":"ok"}'],
    '/readyz': async () => {
      const report = await readiness.report();
      return [report.status === 'ready' ? 200 : 503, 'application/json', JSON.stringify(report)];
    },
  };
  const server = createServer((request, response) => {
    const answer = answers[(request.url ?? '').split('?')[0] ?? ''];
    const allowed = request.method === 'GET' || request.method === 'HEAD';
    const send = (status: number, type: string, body: string) =>
      response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
    if (!answer || !allowed) {
      send(answer ? 405 : 404, 'text/plain', 'There are /metrics, /healthz and /readyz here, to be read.\n');
      return;
    }
    answer().then(
      (found) => send(...found),
      () => send(500, 'text/plain', 'The service failed; its log has more.\n'),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, address, '--metrics')));
    server.listen({ ...address, exclusive: true }, resolve);
  });
  return server;
}
