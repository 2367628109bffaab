import { createHash, randomBytes } from 'node:crypto';
import { newId } from '../accounts/ids.ts';
import { audit } from '../audit/records.ts';
import type { Actor, Domain } from '../storage/context.ts';
import type { Row } from '../storage/schema.ts';
import { peopleErrors } from './errors.ts';
import { base32, newTotpSecret, totpStepOf, totpUri } from './totp.ts';

type UserRow = Row<'users'>;

const context = (userId: string): string => `users/${userId}/totp`;

const scratchCodeCount = 10;

/** 50 bits, `XXXXX-XXXXX`; that few are enough where every attempt is throttled. */
const newScratchCode = (): string =>
  base32(new Uint8Array(randomBytes(7)))
    .slice(0, 10)
    .replace(/.{5}/, '$&-');

const scratchHash = (code: string): Uint8Array =>
  new Uint8Array(createHash('sha256').update(code.replace(/[\s-]/g, '').toUpperCase(), 'utf8').digest());

const stateError = (message: string) =>
  peopleErrors('totp.state', { message, next: 'Look at the user for whether the second factor is on.' });

/** Begins to set up a second factor; nothing is asked for until a code has confirmed it. @throws MooringError `totp.state` */
export async function beginTotp(
  domain: Domain,
  user: UserRow,
  issuer: string,
): Promise<{ secret: string; uri: string }> {
  if (user.totp_enabled === 1) throw stateError('The second factor is on already.');
  const secret = newTotpSecret();
  await domain.storage.db
    .updateTable('users')
    .set({ totp_secret_sealed: domain.vault.seal(context(user.id), secret) })
    .where('id', '=', user.id)
    .execute();
  return { secret: base32(secret), uri: totpUri(secret, { issuer, user: user.email }) };
}

async function replaceScratchCodes(domain: Domain, user: UserRow): Promise<string[]> {
  const { db } = domain.storage;
  const codes = Array.from({ length: scratchCodeCount }, newScratchCode);
  await db.deleteFrom('user_scratch_codes').where('user_id', '=', user.id).execute();
  await db
    .insertInto('user_scratch_codes')
    .values(
      codes.map((code) => ({
        id: newId(domain.clock),
        account_id: user.account_id,
        user_id: user.id,
        code_hash: scratchHash(code),
      })),
    )
    .execute();
  return codes;
}

/** Takes a code only once: the step is written with the condition that no later one was. */
async function takeTotpCode(domain: Domain, user: UserRow, code: string): Promise<boolean> {
  if (user.totp_secret_sealed === null) return false;
  const secret = domain.vault.open(context(user.id), user.totp_secret_sealed);
  const step = totpStepOf(secret, code, domain.clock.now().getTime(), user.totp_last_step);
  if (step === undefined) return false;
  const { numUpdatedRows } = await domain.storage.db
    .updateTable('users')
    .set({ totp_last_step: step })
    .where('id', '=', user.id)
    .where('totp_last_step', '<', step)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

async function takeScratchCode(domain: Domain, user: UserRow, code: string): Promise<boolean> {
  const { numDeletedRows } = await domain.storage.db
    .deleteFrom('user_scratch_codes')
    .where('user_id', '=', user.id)
    .where('code_hash', '=', scratchHash(code))
    .executeTakeFirst();
  return numDeletedRows > 0n;
}

/** Whether this is the code of the moment, or a scratch code; either is good once. */
export async function checkSecondFactor(domain: Domain, user: UserRow, code: string): Promise<boolean> {
  return (await takeTotpCode(domain, user, code)) || takeScratchCode(domain, user, code);
}

/**
 * Turns the second factor on, with a code that shows that the authenticator has it; the session is one that has shown it.
 *
 * @returns scratch codes, told this once
 * @throws MooringError `totp.state`, `totp.wrong`
 */
export async function confirmTotp(domain: Domain, actor: Actor, user: UserRow, code: string): Promise<string[]> {
  if (user.totp_enabled === 1) throw stateError('The second factor is on already.');
  if (user.totp_secret_sealed === null) throw stateError('The second factor was not begun to be set up.');
  if (!(await takeTotpCode(domain, user, code))) {
    throw peopleErrors('totp.wrong', {
      message: 'The code is wrong.',
      next: 'Check the clock of the device that shows it, and type the next one.',
      data: { fields: [{ name: 'code', message: 'Is wrong.' }] },
    });
  }
  return domain.storage.transaction(async (db) => {
    const now = domain.clock.now().getTime();
    await db
      .updateTable('users')
      .set({ totp_enabled: 1, updated_at: now, etag: user.etag + 1 })
      .where('id', '=', user.id)
      .execute();
    await db
      .deleteFrom('user_sessions')
      .where('user_id', '=', user.id)
      .where('id', '!=', actor.session ?? '')
      .execute();
    await db
      .updateTable('user_sessions')
      .set({ second_factor: 1 })
      .where('id', '=', actor.session ?? '')
      .execute();
    await audit(domain, actor, { action: 'user.second-factor-on', subjectKind: 'user', subjectId: user.id });
    return replaceScratchCodes(domain, user);
  });
}

/** Turns it off. @throws MooringError `totp.state` */
export async function endTotp(domain: Domain, actor: Actor, user: UserRow): Promise<void> {
  if (user.totp_enabled === 0) throw stateError('The second factor is off.');
  await domain.storage.transaction(async (db) => {
    const now = domain.clock.now().getTime();
    await db
      .updateTable('users')
      .set({ totp_enabled: 0, totp_secret_sealed: null, updated_at: now, etag: user.etag + 1 })
      .where('id', '=', user.id)
      .execute();
    await db.deleteFrom('user_scratch_codes').where('user_id', '=', user.id).execute();
    await audit(domain, actor, { action: 'user.second-factor-off', subjectKind: 'user', subjectId: user.id });
  });
}

/** New scratch codes; the old ones are good no more. @throws MooringError `totp.state` */
export async function renewScratchCodes(domain: Domain, actor: Actor, user: UserRow): Promise<string[]> {
  if (user.totp_enabled === 0) throw stateError('The second factor is off.');
  return domain.storage.transaction(async () => {
    await audit(domain, actor, { action: 'user.scratch-codes', subjectKind: 'user', subjectId: user.id });
    return replaceScratchCodes(domain, user);
  });
}
