import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { listBody, listQueryOf, searchOf } from '../http/list-request.ts';
import { operation } from '../http/operation.ts';
import { invalidFields } from '../http/validation.ts';
import type { Domain } from '../storage/context.ts';
import { auditBody, type ExportFormat, exportFormats } from './export.ts';
import { allRecords, auditFilters, auditPage } from './list.ts';

const tag = 'Audit';

export function auditRoutes(app: FastifyInstance, domain: Domain): void {
  app.get(
    '/v3/audit-records',
    operation({
      id: 'getAuditRecords',
      tag,
      summary: 'Who did what.',
      permission: 'audit:read',
      answer: 'AuditRecordList',
      list: auditFilters,
    }),
    async ({ actor, url }) =>
      listBody(await auditPage(domain, actor.accountId, listQueryOf(url, auditFilters)), auditBody),
  );

  app.get(
    '/v3/audit-records/export',
    operation({
      id: 'exportAuditRecords',
      tag,
      summary: 'All records that match, oldest first, as a file.',
      permission: 'audit:read',
      plain: true,
      list: auditFilters,
      query: { format: { type: 'string', enum: Object.keys(exportFormats), default: 'csv' } },
    }),
    async ({ actor, url }, reply) => {
      const query = listQueryOf(url, auditFilters);
      const format = new URLSearchParams(searchOf(url)).get('format') || 'csv';
      if (!Object.hasOwn(exportFormats, format)) {
        throw invalidFields([
          { name: 'format', message: `Has to be one of ${Object.keys(exportFormats).join(', ')}.` },
        ]);
      }
      const { type, head, text } = exportFormats[format as ExportFormat];
      const day = domain.clock.now().toISOString().slice(0, 10);
      async function* pieces() {
        yield head;
        for await (const records of allRecords(domain, actor.accountId, query)) {
          yield records.map((record) => text(auditBody(record))).join('');
        }
      }
      reply.type(type).header('Content-Disposition', `attachment; filename="audit-${day}.${format}"`);
      return reply.send(Readable.from(pieces(), { objectMode: false }));
    },
  );
}
