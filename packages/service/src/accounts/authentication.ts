import { isMooringError } from '@mooring/platform';
import { storageErrors } from '../errors.ts';
import { dayText } from '../http/time-text.ts';
import type { Actor, Domain } from '../storage/context.ts';
import { hashSecret, isSecret, parseApiKey } from './api-key-text.ts';
import { accountErrors } from './errors.ts';
import { permissionsOfMember } from './groups.ts';

/** `last_login_time` is true to this many milliseconds; it spares the disk a write with every request. */
const loginGranularity = 60_000;

/** Compared with where there is no such key, so that both ways take the same time. */
const nobody = hashSecret('');

const refused = () =>
  accountErrors('auth.invalid', {
    message: 'The API key is unknown, wrong or inactive.',
    next: 'Check the key, or make a new one.',
  });

const expired = (at: number) =>
  accountErrors('auth.invalid', {
    message: `The API key expired on ${dayText(at)}.`,
    next: 'Make a new one.',
  });

/**
 * Finds out whose key this is.
 *
 * @throws MooringError `auth.invalid`, the same for every reason but one: whoever has the whole key hears that it expired
 */
export async function authenticateApiKey(domain: Domain, text: string, requestId?: string): Promise<Actor> {
  const { db } = domain.storage;
  const parsed = parseApiKey(text.trim());
  if (parsed?.secret === undefined) throw refused();
  const row = await db.selectFrom('api_keys').selectAll().where('id', '=', parsed.id).executeTakeFirst();
  const isRight = isSecret(parsed.secret, row?.secret_hash ?? nobody);
  if (!row || !isRight || row.account_id !== parsed.accountId || row.status !== 'ACTIVE') throw refused();

  const now = domain.clock.now().getTime();
  if (row.expires_at !== null && now >= row.expires_at) throw expired(row.expires_at);

  const permissions = await permissionsOfMember(domain, { apiKey: row.id });
  permissions.add('own-api-key:read');

  if (row.last_login_at === null || now - row.last_login_at >= loginGranularity) {
    try {
      await db.updateTable('api_keys').set({ last_login_at: now }).where('id', '=', row.id).execute();
    } catch (error) {
      // A full or read-only disk is told to who wants to write, and must not lock out those who read.
      if (!isMooringError(error) || !(error.code in storageErrors.codes)) throw error;
    }
  }
  return {
    kind: 'api-key',
    id: row.id,
    accountId: row.account_id,
    permissions,
    ...(requestId === undefined ? {} : { requestId }),
  };
}
