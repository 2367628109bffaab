export { CloudClient, type CloudClientOptions } from './cloud-client/cloud-client.ts';
export type { ClientLog } from './cloud-client/log.ts';
export { type ClientState, StateFile } from './cloud-client/state-file.ts';
export { type DeviceTime, savedTimeItem } from './provisioning/device-time.ts';
export { type Finding, findingLine } from './provisioning/findings.ts';
export { findMblStore, type MblStore } from './provisioning/mbl-store.ts';
export { type KeyRequest, pendingKeyItem, requestCertificate } from './provisioning/pending-key.ts';
export { type Provisioned, type ProvisionOptions, provision } from './provisioning/provision.ts';
export { provisioningErrors } from './provisioning/provisioning-errors.ts';
export { runUtility } from './provisioning/run.ts';
export { type DeviceStatus, status } from './provisioning/status.ts';
export { fileKeyProvider } from './secure-storage/file-key.ts';
export { type FileReader, type Files, type FileWriter, realFiles } from './secure-storage/files.ts';
export {
  type Changes,
  type ItemDescription,
  type ItemType,
  isSameItem,
  type StoredItem,
} from './secure-storage/item.ts';
export { type KeyChoice, keyProviderOf, neededKind, parseKeyChoice } from './secure-storage/key-choice.ts';
export type { GenerationCounter, KeyProvider, OpenKey, ProviderKind } from './secure-storage/key-provider.ts';
export {
  type KeyMigration,
  type Protection,
  SecureStorage,
  type Snapshot,
  type StorageOptions,
} from './secure-storage/storage.ts';
export { storageErrors } from './secure-storage/storage-errors.ts';
export type { InstallRequest, Pending } from './updates/installer/installer.ts';
export type { Outcome as UpdateOutcome } from './updates/journal/records.ts';
export type { Installation, UpdateTarget } from './updates/orders/target.ts';
export type { Software } from './updates/software.ts';
