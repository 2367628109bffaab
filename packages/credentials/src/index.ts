export type { BinItem } from './bin-items.ts';
export { type CVariable, parseCSource } from './c-source.ts';
export { clientFileName, clientItemsFolder, clientStoreFolder, isBootstrapped } from './client-files.ts';
export { type DeveloperCredentials, readDeveloperCredentials } from './developer-credentials.ts';
export { type DeveloperCredentialFields, writeDeveloperCredentials } from './developer-credentials-file.ts';
export { credentialErrors } from './errors.ts';
export { type Item, type ItemType, items, lwm2mCredentialItems, provisioningItems } from './items.ts';
export { readUpdateResources, type UpdateResources } from './update-resources.ts';
export { type UpdateResourceFields, writeUpdateResources } from './update-resources-file.ts';
export { classIdOf, formatUuid, parseUuid, vendorIdOf } from './uuid.ts';
export {
  type DeveloperVariableName,
  developerVariableNames,
  type UpdateVariableName,
  updateVariableNames,
} from './variable-names.ts';
