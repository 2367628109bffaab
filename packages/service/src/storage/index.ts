export type { Actor, Domain } from './context.ts';
export { databaseFileName } from './data-folder.ts';
export { schemaVersion } from './migrations/index.ts';
export type { AuthorityPurpose, Row, Schema } from './schema.ts';
export { isUniqueViolation } from './sqlite-errors.ts';
export { openStorage, type Storage, type StorageOptions } from './storage.ts';
