export { type Account, firstAccount, showAccount, updateAccount } from './account.ts';
export {
  type ApiKey,
  type ApiKeyInput,
  createApiKey,
  deleteApiKey,
  getApiKey,
  listApiKeys,
  resetApiKeySecret,
  updateApiKey,
} from './api-keys.ts';
export { authenticateApiKey } from './authentication.ts';
export { accountErrors } from './errors.ts';
export { createAccount, firstStart } from './first-start.ts';
export { type Group, groupsOf } from './groups.ts';
export { isId, newId } from './ids.ts';
export { operator } from './operator.ts';
export { allPermissions, type Permission } from './permissions.ts';
