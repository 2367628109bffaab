export type { Actor, Domain } from './context.ts';
export { schemaVersion } from './migrations/index.ts';
export type { AuthorityPurpose, Row, Schema } from './schema.ts';
export { isUniqueViolation } from './sqlite-errors.ts';
export { databaseFileName, openStorage, type Storage, type StorageOptions } from './storage.ts';
