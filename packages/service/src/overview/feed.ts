import type { Timer, Timers } from '@mooring/platform';
import type { Actor, Domain } from '../storage/context.ts';

/** Something that has changed, for a page to look at anew; what it has become is for the API to say. */
export interface Change {
  /** Of both logs, as far as they were read: a listener that comes back with it misses nothing. */
  readonly id: string;
  readonly kind: string;
  /** Id of the one that has changed; absent where so many have that the list has to be read anew. */
  readonly subject?: string;
  /** Dotted: what happened. */
  readonly action: string;
}

/** Which permission lets somebody know that things of a kind have changed; others are for who may see everything. */
const readers: Readonly<Record<string, string>> = {
  account: 'account:read',
  'api-key': 'api-keys:read',
  user: 'users:read',
  group: 'groups:read',
  device: 'devices:read',
  'device-group': 'devices:read',
  'device-query': 'devices:read',
  enrollment: 'enrollments:read',
  'pre-shared-key': 'pre-shared-keys:read',
  'trusted-certificate': 'trusted-certificates:read',
  'device-certificate': 'device-certificates:read',
  'update-campaign': 'update-campaigns:read',
  'firmware-image': 'firmware:read',
  'firmware-manifest': 'firmware:read',
  'upload-job': 'firmware:read',
  'update-certificate': 'firmware:read',
};

/** What changes that somebody may be told of. */
export const mayHear = ({ permissions }: Pick<Actor, 'permissions'>, kind: string): boolean =>
  permissions.has(readers[kind] ?? 'audit:read');

/** How far a listener has heard: the newest audit record and the newest device event. */
export interface Position {
  readonly audit: string;
  readonly device: string;
}

const positionForm = /^([0-9a-f]{32})?\.([0-9a-f]{32})?$/;

export const positionText = ({ audit, device }: Position): string => `${audit}.${device}`;

export function parsePosition(text: string | undefined): Position | undefined {
  const found = positionForm.exec(text ?? '');
  return found ? { audit: found[1] ?? '', device: found[2] ?? '' } : undefined;
}

/** Changes of one look at most that are told one by one; of more it is told that there were. */
export const mostChanges = 200;

type Log = 'audit_records' | 'device_events';

async function newest(domain: Domain, table: Log, accountId: string): Promise<string> {
  const row = await domain.storage.db
    .selectFrom(table)
    .select('id')
    .where('account_id', '=', accountId)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.id ?? '';
}

/** Where the logs of an account are now. */
export async function presentPosition(domain: Domain, accountId: string): Promise<Position> {
  return {
    audit: await newest(domain, 'audit_records', accountId),
    device: await newest(domain, 'device_events', accountId),
  };
}

interface Found {
  readonly changes: readonly Omit<Change, 'id'>[];
  readonly last: string;
}

async function auditedAfter(domain: Domain, accountId: string, after: string): Promise<Found> {
  const rows = await domain.storage.db
    .selectFrom('audit_records')
    .select(['id', 'action', 'subject_kind', 'subject_id'])
    .where('account_id', '=', accountId)
    .where('id', '>', after)
    .orderBy('id')
    .limit(mostChanges + 1)
    .execute();
  if (rows.length > mostChanges) {
    return { changes: [{ kind: 'all', action: 'many' }], last: await newest(domain, 'audit_records', accountId) };
  }
  return {
    changes: rows.map(({ action, subject_kind, subject_id }) => ({ kind: subject_kind, subject: subject_id, action })),
    last: rows.at(-1)?.id ?? after,
  };
}

async function happenedAfter(domain: Domain, accountId: string, after: string): Promise<Found> {
  const rows = await domain.storage.db
    .selectFrom('device_events')
    .select(['id', 'device_id', 'event_type'])
    .where('account_id', '=', accountId)
    .where('id', '>', after)
    .orderBy('id')
    .limit(mostChanges + 1)
    .execute();
  if (rows.length > mostChanges) {
    return { changes: [{ kind: 'device', action: 'many' }], last: await newest(domain, 'device_events', accountId) };
  }
  // A device that changed twice is looked at once.
  const devices = new Map(rows.map(({ device_id, event_type }) => [device_id, event_type]));
  return {
    changes: [...devices].map(([subject, action]) => ({ kind: 'device', subject, action })),
    last: rows.at(-1)?.id ?? after,
  };
}

/** What has happened since, and how far that is. */
export async function changesAfter(
  domain: Domain,
  accountId: string,
  position: Position,
): Promise<{ changes: Change[]; position: Position }> {
  const audited = await auditedAfter(domain, accountId, position.audit);
  const happened = await happenedAfter(domain, accountId, position.device);
  const reached = { audit: audited.last, device: happened.last };
  const id = positionText(reached);
  return { changes: [...audited.changes, ...happened.changes].map((change) => ({ id, ...change })), position: reached };
}

/** What of a campaign that is under way is worth telling when it changes, as one text. */
async function campaignsUnderWay(domain: Domain, accountId: string): Promise<Map<string, string>> {
  const rows = await domain.storage.db
    .selectFrom('update_campaigns')
    .select(['id', 'state', 'phase', 'wave', 'pending_count', 'success_count', 'failed_count', 'skipped_count'])
    .where('account_id', '=', accountId)
    .where('phase', 'in', ['timed', 'awaiting_approval', 'starting', 'active', 'stopping'])
    .execute();
  return new Map(rows.map(({ id, ...row }) => [id, JSON.stringify(row)]));
}

type Listener = (changes: readonly Change[]) => void;

interface Watched {
  readonly listeners: Set<Listener>;
  position: Position;
  /** As they were at the last look. */
  campaigns?: Map<string, string>;
  timer?: Timer;
}

/** Between two looks, in ms. */
const period = 1000;

/**
 * Looks at the logs of an account while somebody listens, and tells what is new. From the logs and not from whoever
 * writes them: so it tells what was committed, in that order, and all of it, whoever did it.
 */
export class Feed {
  readonly #domain: Domain;
  readonly #timers: Timers;
  readonly #accounts = new Map<string, Watched>();

  constructor(domain: Domain, timers: Timers) {
    this.#domain = domain;
    this.#timers = timers;
  }

  /** @returns where the telling begins, and what ends it */
  async listen(accountId: string, listener: Listener): Promise<{ from: Position; end: () => void }> {
    const from = this.#accounts.get(accountId)?.position ?? (await presentPosition(this.#domain, accountId));
    let account = this.#accounts.get(accountId);
    if (!account) {
      account = { listeners: new Set(), position: from };
      this.#accounts.set(accountId, account);
    }
    account.listeners.add(listener);
    if (account.timer === undefined) this.#again(accountId);
    const { position } = account;
    return {
      from: position,
      end: () => {
        account.listeners.delete(listener);
        if (account.listeners.size > 0) return;
        account.timer?.cancel();
        this.#accounts.delete(accountId);
      },
    };
  }

  /** Looks now, for tests. */
  async look(accountId: string): Promise<void> {
    const account = this.#accounts.get(accountId);
    if (!account) return;
    const { changes, position } = await changesAfter(this.#domain, accountId, account.position);
    account.position = position;
    const campaigns = await campaignsUnderWay(this.#domain, accountId);
    const before = account.campaigns ?? campaigns;
    account.campaigns = campaigns;
    const id = positionText(position);
    for (const subject of new Set([...before.keys(), ...campaigns.keys()])) {
      if (before.get(subject) === campaigns.get(subject)) continue;
      changes.push({ id, kind: 'update-campaign', subject, action: 'update-campaign.progress' });
    }
    if (changes.length > 0) for (const listener of [...account.listeners]) listener(changes);
  }

  #again(accountId: string): void {
    const account = this.#accounts.get(accountId);
    if (!account) return;
    account.timer = this.#timers.after(period, () => {
      // A database that fails is looked at again.
      void this.look(accountId)
        .catch(() => undefined)
        .finally(() => this.#again(accountId));
    });
  }
}
