import type { MetricPage } from '@mooring/rest';
import type { FastifyInstance } from 'fastify';
import { searchOf } from '../../http/list-request.ts';
import { operation } from '../../http/operation.ts';
import { fineTimeText } from '../../http/time-text.ts';
import { invalidFields } from '../../http/validation.ts';
import type { Domain } from '../../storage/context.ts';
import { usageMetrics } from '../../storage/device-schema.ts';
import { meteredIntervals, parseMetricsQuery } from './metrics.ts';

const text = (description: string) => ({ type: 'string', description });

export function metricsRoutes(app: FastifyInstance, domain: Domain): void {
  app.get(
    '/v3/metrics',
    operation({
      id: 'getMetrics',
      tag: 'Metrics',
      summary: 'How often what has happened, interval by interval.',
      description: 'Counts are kept by five minutes; the last ten seconds are missing after a crash.',
      permission: 'metrics:read',
      query: {
        include: text(`Comma-separated: ${usageMetrics.join(', ')}, total_count.`),
        interval: text('Length of an interval: 5m, 2h, 3d, 4w; from 5m to a year.'),
        start: text('Begin: 2017, 20170207, 2017-02-07T09:20:56.990Z.'),
        end: text('End, not included; now if absent.'),
        period: text('Length before the end, instead of start: 5m to a year.'),
        limit: { type: 'integer', default: 50, description: 'Intervals per page, 2 to 1000.' },
        after: text('Id of the last interval of the page before.'),
        order: { type: 'string', enum: ['ASC', 'DESC'], default: 'ASC', description: 'By time.' },
      },
      answer: 'MetricPage',
    }),
    async (request): Promise<MetricPage> => {
      const { query, problems } = parseMetricsQuery(searchOf(request.url), domain.clock.now().getTime());
      if (problems.length > 0) throw invalidFields(problems);
      const page = await meteredIntervals(domain, request.actor.accountId, query);
      return {
        object: 'list',
        limit: query.limit,
        after: query.after,
        order: query.order,
        has_more: page.hasMore,
        ...(query.totalCount ? { total_count: page.totalCount } : {}),
        data: page.items.map(({ id, begin, counts }) => ({ id, timestamp: fineTimeText(begin), ...counts })),
      };
    },
  );
}
