export { type AuditRecord, audit, type Change, listAuditRecords } from './records.ts';
