import type { FastifyBaseLogger } from 'fastify';
import { createHttpServer } from '../http/index.ts';
import type { Log } from './log.ts';
import type { World } from './start.ts';

/** What a request failed of goes into the log; that there were requests does not. */
function requestLogger(log: Log): FastifyBaseLogger {
  const silent = () => undefined;
  const say = (level: 'warning' | 'error') => (first: unknown, text?: unknown) => {
    const { err, error, message, stack } = (first ?? {}) as Record<string, unknown>;
    const cause = (err ?? error ?? (stack ? first : undefined)) as Error | undefined;
    log[level](
      'request.failed',
      String(text ?? cause?.message ?? message ?? first),
      cause ? { stack: cause.stack } : {},
    );
  };
  const logger = {
    level: 'warn',
    fatal: say('error'),
    error: say('error'),
    warn: say('warning'),
    info: silent,
    debug: silent,
    trace: silent,
    silent,
    child: () => logger,
  };
  return logger as unknown as FastifyBaseLogger;
}

export const restServer: World['restServer'] = async (domain, tls, log) => {
  const app = createHttpServer(domain, { logger: requestLogger(log), ...(tls ? { https: tls } : {}) });
  await app.ready();
  return {
    server: app.server,
    listen: (address) => app.listen(address),
    close: () => app.close(),
  };
};
