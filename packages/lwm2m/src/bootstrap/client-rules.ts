import { type Code, codes } from '@mooring/coap';
import type { Node } from '../model/node.ts';
import type { Path } from '../model/path.ts';
import { securityModes } from './account.ts';
import { type AccountsDraft, type ClientAccount, clientAccounts } from './accounts-draft.ts';

/** Where kinds of clients differ while they are bootstrapped. */
export interface BootstrapClientRules {
  /** Who ends the connection when all is written. */
  readonly closedBy: 'client' | 'server';
  /** The answer to a write that this client does not take; undefined takes it. */
  refuses(at: Path, node: Node): Code | undefined;
  /** The answer to the end of the bootstrap where what was written is not enough; undefined takes it. */
  incomplete(draft: AccountsDraft): Code | undefined;
}

const hasLength = ({ length }: Uint8Array): boolean => length > 0;

function isUsable({ serverUri, securityMode, identity, serverCertificate, secretKey }: ClientAccount): boolean {
  if (serverUri === '') return false;
  switch (securityMode) {
    case securityModes.certificate:
      return hasLength(identity) && hasLength(serverCertificate) && hasLength(secretKey);
    case securityModes.est:
      return hasLength(serverCertificate) && !hasLength(identity) && !hasLength(secretKey);
    case securityModes.psk:
      return hasLength(identity) && hasLength(secretKey);
    default:
      return securityMode === securityModes.none;
  }
}

/** A standard client wants a server of object 1 for every account of object 0 (OMA LwM2M 1.1 §6.1.7.7). */
export const standardBootstrapRules: BootstrapClientRules = {
  closedBy: 'client',
  refuses: () => undefined,
  incomplete(draft) {
    const accounts = clientAccounts(draft);
    const complete = accounts.length > 0 && accounts.every((one) => isUsable(one) && one.lifetime !== undefined);
    return complete ? undefined : codes.notAcceptable;
  },
};

const resourceIds = (node: Node): number[] =>
  node.kind === 'object'
    ? node.instances.flatMap(resourceIds)
    : node.kind === 'instance'
      ? node.resources.map(({ id }) => id)
      : [node.id];

/** What Pelion's clients know of during a bootstrap: the resource numbers of each object. */
const device = [13];
const server = { '4.13': [0, 1, 2, 3, 4, 5, 6, 7, 8], '4.1': [0, 1, 2, 3, 4, 5, 6, 8] };

/**
 * Pelion's clients, as they were seen: paths of one or two numbers of one digit each; instance 1 of object 0 is the bootstrap
 * server's; pre-shared keys are not known. `4.1`, Mbed Linux OS's, refuses a binding and waits for the server to close.
 */
export const pelionBootstrapRules = (version: '4.13' | '4.1'): BootstrapClientRules => ({
  closedBy: version === '4.1' ? 'server' : 'client',
  refuses(at, node) {
    const [objectId = -1] = at;
    if (at.length > 2 || at.some((id) => id > 9)) return codes.badRequest;
    const instances = node.kind === 'object' ? node.instances.map(({ id }) => id) : at.slice(1);
    if (objectId === 0) return instances.includes(1) ? codes.badRequest : undefined;
    const known = objectId === 1 ? server[version] : objectId === 3 ? device : [];
    return resourceIds(node).every((id) => known.includes(id)) ? undefined : codes.badRequest;
  },
  incomplete(draft) {
    const accounts = clientAccounts(draft);
    const complete =
      accounts.length > 0 && accounts.every((one) => isUsable(one) && one.securityMode !== securityModes.psk);
    return complete ? undefined : codes.badRequest;
  },
});
