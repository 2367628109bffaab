import type { Actor } from '../storage/context.ts';
import { allPermissions } from './permissions.ts';

/** Someone with access to the data folder or its admin socket: may do everything in the account. */
export function operator(accountId: string, id = 'operator'): Actor {
  return { kind: 'operator', id, accountId, permissions: allPermissions };
}
