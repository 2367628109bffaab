import type { FastifyBaseLogger } from 'fastify';
import type { AnsweredRequest } from '../http/answered.ts';
import { createHttpServer } from '../http/index.ts';
import type { Log } from './log.ts';
import { portalFolder } from './portal-folder.ts';
import type { World } from './start.ts';

/** What a request failed of. */
function failureLogger(log: Log): FastifyBaseLogger {
  const silent = () => undefined;
  const say = (level: 'warning' | 'error', requestId?: string) => (first: unknown, text?: unknown) => {
    const { err, error, message, stack } = (first ?? {}) as Record<string, unknown>;
    const cause = (err ?? error ?? (stack ? first : undefined)) as (Error & { code?: unknown }) | undefined;
    log[level]('request.failed', String(text ?? cause?.message ?? message ?? first), {
      ...(requestId === undefined ? {} : { requestId }),
      ...(typeof cause?.code === 'string' ? { code: cause.code } : {}),
      ...(cause ? { stack: cause.stack } : {}),
    });
  };
  const logger = (requestId?: string): unknown => ({
    level: 'warn',
    fatal: say('error', requestId),
    error: say('error', requestId),
    warn: say('warning', requestId),
    info: silent,
    debug: silent,
    trace: silent,
    silent,
    child: ({ reqId }: { reqId?: string }) => logger(reqId ?? requestId),
  });
  return logger() as FastifyBaseLogger;
}

/** Asked by machines every few seconds. */
const probes: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics']);

/** One line per request: route instead of path, and no header, so that nothing of the caller's own text is in it. */
function logRequest(log: Log, { id, method, route, status, seconds, actor }: AnsweredRequest): void {
  const milliseconds = Math.round(seconds * 10_000) / 10;
  const who = actor ? ` ${actor.kind} ${actor.id}` : '';
  log[probes.has(route) ? 'debug' : 'info']('request', `${method} ${route} ${status} ${milliseconds} ms${who}`, {
    requestId: id,
    method,
    route,
    status,
    milliseconds,
    ...(actor ? { actor: actor.id, actorKind: actor.kind } : {}),
  });
}

export const restServer: World['restServer'] = async (
  domain,
  tls,
  log,
  { readiness, metrics, showMetrics, connect, campaigns, renewals, version },
) => {
  const portal = portalFolder();
  const app = createHttpServer(domain, {
    ...(portal === undefined ? {} : { portal }),
    logger: failureLogger(log),
    readiness,
    connect,
    ...(renewals && { renewals }),
    version,
    campaigns,
    answered: (request) => {
      metrics.answered(request);
      logRequest(log, request);
    },
    ...(showMetrics ? { metrics: () => metrics.text() } : {}),
    ...(tls ? { https: tls } : {}),
  });
  await app.ready();
  return {
    server: app.server,
    listen: (address) => app.listen(address),
    close: () => app.close(),
  };
};
