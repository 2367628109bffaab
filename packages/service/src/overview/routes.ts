import type { FastifyInstance } from 'fastify';
import { operation } from '../http/operation.ts';
import type { Domain } from '../storage/context.ts';
import { Overviews } from './overview.ts';

export function overviewRoutes(app: FastifyInstance, domain: Domain): void {
  const overviews = new Overviews(domain);
  app.get(
    '/v3/overview',
    operation({
      id: 'getOverview',
      tag: 'Overview',
      summary: 'What needs attention first, counts, and the trend of 30 days; of each what the caller may see.',
      permission: 'account:read',
      answer: 'Overview',
    }),
    async ({ actor }) => overviews.of(actor),
  );
}
