import type { UpdateForecast } from '@mooring/rest';
import { showAccount, updateAccount } from '../accounts/account.ts';
import { createApiKey, deleteApiKey, listApiKeys } from '../accounts/api-keys.ts';
import { groupsOf } from '../accounts/groups.ts';
import { operator } from '../accounts/operator.ts';
import { activeAuthority } from '../certificates/authorities.ts';
import {
  type DeviceCertificate,
  deleteDeviceCertificate,
  listDeviceCertificates,
} from '../certificates/device-certificates.ts';
import {
  beginRollover,
  cancelRollover,
  finishRollover,
  type ListedAuthority,
  listAuthorities,
  type RolloverPurpose,
  retiringAuthority,
} from '../certificates/rollover.ts';
import { adminErrors } from '../errors.ts';
import type { OpenFolder } from '../serve/open-folder.ts';
import type { AuthorityPurpose } from '../storage/schema.ts';
import { updateForecast } from '../updates/forecast/forecast.ts';
import { forecastBody } from '../updates/forecast/routes.ts';
import { type PeopleOperations, peopleOperations } from './people.ts';

/** What an operator works on. */
export interface AdminFolder extends OpenFolder {
  /** Where the portal is, for links. */
  readonly url: string;
}

/** What the commands of an operator ask for and get, the same over the socket and without it. */
export interface Operations extends PeopleOperations {
  'api-key create': { input: { name: string; groups?: readonly string[]; days?: number }; output: NewApiKey };
  'api-key list': { input: Record<never, never>; output: { apiKeys: ApiKeyFacts[] } };
  'api-key revoke': { input: { key: string }; output: ApiKeyFacts };
  'account show': { input: Record<never, never>; output: AccountFacts };
  'account set': { input: { displayName?: string; email?: string; company?: string }; output: AccountFacts };
  'device-certificate list': {
    input: Record<never, never>;
    output: { deviceCertificates: DeviceCertificateFacts[] };
  };
  'device-certificate revoke': { input: { certificate: string }; output: DeviceCertificateFacts };
  forecast: { input: Record<never, never>; output: UpdateForecast };
  'ca export': { input: { purpose: AuthorityPurpose; state?: AuthorityState }; output: AuthorityFacts };
  'ca list': { input: Record<never, never>; output: { authorities: ListedAuthority[] } };
  'ca rollover': {
    input: { purpose: RolloverPurpose; step: 'begin' | 'cancel' | 'finish'; evenIfUsed?: boolean };
    output: RolloverFacts;
  };
}

export type OperationName = keyof Operations;

export interface ApiKeyFacts {
  id: string;
  name: string;
  status: string;
  /** Names. */
  groups: string[];
  createdAt: string;
  lastUsedAt: string | null;
  expiresAt: string | null;
  /** By the clock of the service. */
  expired: boolean;
}

/** The only time that the key itself is told. */
export type NewApiKey = ApiKeyFacts & { key: string };

export interface DeviceCertificateFacts {
  id: string;
  endpointName: string;
  /** SHA-256 of the DER, lower-case hexadecimal. */
  fingerprint: string;
  issuedAt: string;
}

export interface AccountFacts {
  id: string;
  displayName: string | null;
  email: string | null;
  company: string | null;
  status: string;
  createdAt: string;
}

/** Fingerprints, and how many developer certificates are from the time of the retiring one. */
export interface RolloverFacts {
  purpose: RolloverPurpose;
  active: string;
  retiring: string | null;
  relying: number;
}

export type AuthorityState = 'active' | 'retiring';

export interface AuthorityFacts {
  purpose: AuthorityPurpose;
  /** PEM. */
  certificate: string;
  /** SHA-256 of the DER, lower-case hexadecimal. */
  fingerprint: string;
  subject: string;
}

type Perform<Name extends OperationName> = (
  folder: AdminFolder,
  input: Operations[Name]['input'],
) => Promise<Operations[Name]['output']>;

type FoundKey = Awaited<ReturnType<typeof createApiKey>>;

async function keyFacts({ domain, accountId }: OpenFolder, keys: readonly FoundKey[]): Promise<ApiKeyFacts[]> {
  const names = new Map((await groupsOf(domain, accountId)).map(({ id, name }) => [id, name]));
  return keys.map((key) => ({
    id: key.id,
    name: key.name,
    status: key.status,
    groups: key.groups.map((id) => names.get(id) ?? id),
    createdAt: new Date(key.createdAt).toISOString(),
    lastUsedAt: key.lastLoginAt === null ? null : new Date(key.lastLoginAt).toISOString(),
    expiresAt: key.expiresAt === null ? null : new Date(key.expiresAt).toISOString(),
    expired: key.expiresAt !== null && key.expiresAt <= domain.clock.now().getTime(),
  }));
}

async function factsOfOne(folder: OpenFolder, key: FoundKey): Promise<ApiKeyFacts> {
  return (await keyFacts(folder, [key]))[0] as ApiKeyFacts;
}

const certificateFacts = ({ id, endpointName, certificate, updatedAt }: DeviceCertificate): DeviceCertificateFacts => ({
  id,
  endpointName,
  fingerprint: certificate.fingerprint,
  issuedAt: new Date(updatedAt).toISOString(),
});

const accountFacts = (account: Awaited<ReturnType<typeof showAccount>>): AccountFacts => ({
  id: account.id,
  displayName: account.displayName,
  email: account.email,
  company: account.attributes.company ?? null,
  status: account.status,
  createdAt: new Date(account.createdAt).toISOString(),
});

const operations: { readonly [Name in OperationName]: Perform<Name> } = {
  ...peopleOperations,

  async 'api-key create'(folder, { days, ...input }) {
    const { domain } = folder;
    const expiresAt = days === undefined ? null : domain.clock.now().getTime() + days * 86_400_000;
    const key = await createApiKey(domain, operator(folder.accountId), { ...input, expiresAt });
    return { ...(await factsOfOne(folder, key)), key: key.key };
  },

  async 'api-key list'(folder) {
    const { items } = await listApiKeys(folder.domain, operator(folder.accountId));
    return { apiKeys: await keyFacts(folder, items) };
  },

  async 'api-key revoke'(folder, { key: wanted }) {
    const { domain, accountId } = folder;
    const actor = operator(accountId);
    return domain.storage.transaction(async () => {
      const { items } = await listApiKeys(domain, actor);
      const found = items.find(({ id }) => id === wanted) ?? items.find(({ name }) => name === wanted);
      if (!found) {
        throw adminErrors('admin.api.key.unknown', {
          message: `There is no API key with the name or id "${wanted}".`,
          next: 'See them with: mooring api-key list',
        });
      }
      await deleteApiKey(domain, actor, found.id);
      return factsOfOne(folder, found);
    });
  },

  async forecast({ domain, accountId }) {
    return forecastBody(await updateForecast(domain, { accountId }));
  },

  async 'device-certificate list'({ domain, accountId }) {
    const { items } = await listDeviceCertificates(domain, operator(accountId));
    return { deviceCertificates: items.map(certificateFacts) };
  },

  async 'device-certificate revoke'({ domain, accountId }, { certificate: wanted }) {
    const actor = operator(accountId);
    return domain.storage.transaction(async () => {
      const { items } = await listDeviceCertificates(domain, actor);
      const is = (text: string) => text === wanted;
      const found = items.find((one) => is(one.endpointName) || is(one.id) || is(one.certificate.fingerprint));
      if (!found) {
        throw adminErrors('admin.device.certificate.unknown', {
          message: `There is no device certificate with the endpoint name, id or fingerprint "${wanted}".`,
          next: 'See them with: mooring device-certificate list. Devices that share a developer certificate are not among them.',
        });
      }
      await deleteDeviceCertificate(domain, actor, found.id);
      return certificateFacts(found);
    });
  },

  async 'account show'({ domain, accountId }) {
    return accountFacts(await showAccount(domain, operator(accountId)));
  },

  async 'account set'({ domain, accountId }, { displayName, email, company }) {
    const changes = {
      ...(displayName === undefined ? {} : { display_name: displayName || null }),
      ...(email === undefined ? {} : { email: email || null }),
      ...(company === undefined ? {} : { company: company || null }),
    };
    return accountFacts(await updateAccount(domain, operator(accountId), changes));
  },

  async 'ca list'({ domain, accountId }) {
    return { authorities: await listAuthorities(domain, accountId) };
  },

  async 'ca rollover'({ domain, accountId }, { purpose, step, evenIfUsed = false }) {
    const actor = operator(accountId);
    const steps = {
      begin: () => beginRollover(domain, actor, purpose),
      cancel: () => cancelRollover(domain, actor, purpose),
      finish: () => finishRollover(domain, actor, purpose, { evenIfUsed }),
    };
    const { active, retiring, relying } = await steps[step]();
    const fingerprint = retiring?.certificate.fingerprint ?? null;
    return { purpose, active: active.certificate.fingerprint, retiring: fingerprint, relying };
  },

  async 'ca export'({ domain, accountId }, { purpose, state = 'active' }) {
    const { certificate } =
      state === 'active'
        ? await activeAuthority(domain, accountId, purpose)
        : await retiringAuthority(domain, accountId, purpose);
    const { pem, fingerprint, subjectText } = certificate;
    return { purpose, certificate: pem, fingerprint, subject: subjectText };
  },
};

/** @throws MooringError `admin.refused` for a name that is none, and whatever the operation throws */
export async function perform<Name extends OperationName>(
  folder: AdminFolder,
  name: Name,
  input: Operations[Name]['input'],
): Promise<Operations[Name]['output']> {
  if (!Object.hasOwn(operations, name)) {
    throw adminErrors('admin.refused', {
      message: `The running service does not know "${name}".`,
      next: 'It is of another version than this command: restart it.',
    });
  }
  return (operations[name] as Perform<Name>)(folder, input);
}
