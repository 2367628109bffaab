import type { AuditRecordResp } from '@mooring/rest';
import { fineTimeText } from '../http/time-text.ts';
import type { NamedRecord } from './list.ts';

export const auditBody = (record: NamedRecord): AuditRecordResp => ({
  object: 'audit-record',
  id: record.id,
  account_id: record.account_id,
  created_at: fineTimeText(record.at),
  actor_kind: record.actor_kind,
  actor_id: record.actor_id,
  actor_name: record.actorName,
  action: record.action,
  subject_kind: record.subject_kind,
  subject_id: record.subject_id,
  request_id: record.request_id,
  detail: JSON.parse(record.detail_json) as Record<string, unknown>,
});

const columns = [
  'created_at',
  'actor_kind',
  'actor_id',
  'actor_name',
  'action',
  'subject_kind',
  'subject_id',
  'request_id',
  'detail',
  'id',
] as const satisfies readonly (keyof AuditRecordResp)[];

/** RFC 4180 §2; a text that a spreadsheet would take for a formula gets an apostrophe in front. */
export function csvField(value: unknown): string {
  const text = value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

const line = (fields: readonly unknown[]): string => `${fields.map(csvField).join(',')}\r\n`;

export const exportFormats = {
  csv: {
    type: 'text/csv; charset=utf-8; header=present',
    head: line(columns),
    text: (record: AuditRecordResp) => line(columns.map((column) => record[column])),
  },
  jsonl: {
    type: 'application/jsonl; charset=utf-8',
    head: '',
    text: (record: AuditRecordResp) => `${JSON.stringify(record)}\n`,
  },
} as const;

export type ExportFormat = keyof typeof exportFormats;
