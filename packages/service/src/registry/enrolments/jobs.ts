import { isMooringError } from '@mooring/platform';
import { newId } from '../../accounts/ids.ts';
import { audit } from '../../audit/records.ts';
import type { Actor, Domain } from '../../storage/context.ts';
import type { Storage } from '../../storage/index.ts';
import type { Row } from '../../storage/schema.ts';
import { registryErrors } from '../errors.ts';
import { roomFor } from '../limit.ts';
import { type IdentityLine, identityLines } from './csv.ts';
import { insertEnrolment, removeEnrolment } from './enrolment.ts';

type JobRow = Row<'enrolment_jobs'>;

/** A file of enrolment identities that is worked through. */
export type EnrolmentJob = Omit<JobRow, 'input' | 'actor_json'>;

/** Identities of one transaction, so that others wait for milliseconds only. */
const batchSize = 250;

/** Files of an account that wait for their turn. */
const mostWaiting = 100;

/** Longest identity that a report repeats. */
const longestIdentity = 200;

const columns = [
  'id',
  'account_id',
  'kind',
  'status',
  'total_count',
  'processed_count',
  'errors_count',
  'created_at',
  'completed_at',
  'etag',
] as const satisfies (keyof EnrolmentJob)[];

/** @throws MooringError `enrolment.job.not.found` */
export async function getEnrolmentJob(
  domain: Domain,
  actor: Actor,
  kind: EnrolmentJob['kind'],
  id: string,
): Promise<EnrolmentJob> {
  const row = await domain.storage.db
    .selectFrom('enrolment_jobs')
    .select(columns)
    .where('account_id', '=', actor.accountId)
    .where('kind', '=', kind)
    .where('id', '=', id)
    .executeTakeFirst();
  if (row) return row;
  throw registryErrors('enrolment.job.not.found', {
    message: `There is no bulk ${kind} of enrolments with the id ${id}.`,
    next: 'Take the id from the answer to the file.',
  });
}

async function refuseTooMany(domain: Domain, accountId: string): Promise<void> {
  const { waiting } = await domain.storage.db
    .selectFrom('enrolment_jobs')
    .select(({ fn }) => fn.countAll<number | string>().as('waiting'))
    .where('status', 'in', ['new', 'processing'])
    .where('account_id', '=', accountId)
    .executeTakeFirstOrThrow();
  if (Number(waiting) < mostWaiting) return;
  throw registryErrors('directory.limit', {
    message: `${waiting} files of enrolments wait to be worked on.`,
    next: 'Send the next one when they are done.',
  });
}

/**
 * Takes in a file of identities, to be enrolled or deleted one after the other; a restart goes on where it was.
 *
 * @throws MooringError `directory.limit`
 */
export async function createEnrolmentJob(
  domain: Domain,
  actor: Actor,
  kind: EnrolmentJob['kind'],
  file: Uint8Array,
): Promise<EnrolmentJob> {
  const id = newId(domain.clock);
  const total = identityLines(file).length;
  const job = await domain.storage.transaction(async (db) => {
    await refuseTooMany(domain, actor.accountId);
    await db
      .insertInto('enrolment_jobs')
      .values({
        id,
        account_id: actor.accountId,
        kind,
        status: 'new',
        actor_json: JSON.stringify({ kind: actor.kind, id: actor.id }),
        input: file,
        total_count: total,
        processed_count: 0,
        errors_count: 0,
        created_at: domain.clock.now().getTime(),
        completed_at: null,
        etag: 1,
      })
      .execute();
    await audit(domain, actor, {
      action: `enrollment.bulk-${kind}`,
      subjectKind: 'enrollment-bulk',
      subjectId: id,
      detail: { identities: total },
    });
    return getEnrolmentJob(domain, actor, kind, id);
  });
  enrolmentJobs(domain).wake();
  return job;
}

/** What came of one identity: null for all well, else the code of the error. */
async function workOn(domain: Domain, job: JobRow, identity: string, room: number): Promise<string | null> {
  try {
    if (job.kind === 'delete') await removeEnrolment(domain, job.account_id, identity);
    else if (room > 0) await insertEnrolment(domain, job.account_id, identity);
    else return 'directory.limit';
    return null;
  } catch (error) {
    if (isMooringError(error) && error.code in registryErrors.codes) return error.code;
    throw error;
  }
}

async function workOnBatch(domain: Domain, job: JobRow, lines: readonly IdentityLine[]): Promise<void> {
  await domain.storage.transaction(async (db) => {
    const at = domain.clock.now().getTime();
    const results: Row<'enrolment_job_lines'>[] = [];
    const { account_id } = job;
    let room = job.kind === 'upload' ? await roomFor(domain, 'enrolments', account_id) : 0;
    for (const { line, identity } of lines) {
      const error = await workOn(domain, job, identity, room);
      if (error === null) room -= 1;
      results.push({
        account_id,
        job_id: job.id,
        line,
        identity: identity.slice(0, longestIdentity),
        done_at: at,
        error,
      });
    }
    if (results.length > 0) await db.insertInto('enrolment_job_lines').values(results).execute();
    const failed = results.filter(({ error }) => error !== null).length;
    const processed = job.processed_count + results.length;
    const done = processed >= job.total_count;
    await db
      .updateTable('enrolment_jobs')
      .set({
        status: done ? 'completed' : 'processing',
        processed_count: processed,
        errors_count: job.errors_count + failed,
        etag: job.etag + 1,
        ...(done ? { completed_at: at, input: null } : {}),
      })
      .where('id', '=', job.id)
      .execute();
  });
}

/** Forgets files that were done before that time, with their reports. @returns how many */
export async function forgetEnrolmentJobs(domain: Domain, before: number): Promise<number> {
  const result = await domain.storage.transaction((db) =>
    db
      .deleteFrom('enrolment_jobs')
      .where('status', '=', 'completed')
      .where('completed_at', '<', before)
      .executeTakeFirst(),
  );
  return Number(result.numDeletedRows);
}

/** Works through the files, one after the other. */
export class EnrolmentJobs {
  readonly #domain: Domain;
  #running: Promise<void> | undefined;
  #again = false;
  #stopped = false;
  /** Told when a file cannot be worked on now; the next one that comes in, or a restart, tries again. */
  failed: (error: unknown) => void = () => undefined;

  constructor(domain: Domain) {
    this.#domain = domain;
  }

  /** Begins with what there is to do, if it is not at it. */
  wake(): void {
    this.#again = true;
    this.#running ??= this.#all()
      .catch((error: unknown) => this.failed(error))
      .finally(() => {
        this.#running = undefined;
      });
  }

  /** When nothing is left to do. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #all(): Promise<void> {
    while (this.#again && !this.#stopped) {
      this.#again = false;
      for (let job = await this.#next(); job && !this.#stopped; job = await this.#next()) {
        const lines = identityLines(job.input ?? new Uint8Array());
        await this.#work(job.id, lines);
      }
    }
  }

  #next(): Promise<JobRow | undefined> {
    return this.#domain.storage.db
      .selectFrom('enrolment_jobs')
      .selectAll()
      .where('status', 'in', ['new', 'processing'])
      .orderBy('id')
      .executeTakeFirst();
  }

  async #work(id: string, lines: readonly IdentityLine[]): Promise<void> {
    while (!this.#stopped) {
      const job = await this.#domain.storage.db
        .selectFrom('enrolment_jobs')
        .selectAll()
        .where('id', '=', id)
        .executeTakeFirst();
      if (!job || job.status === 'completed') return;
      await workOnBatch(this.#domain, job, lines.slice(job.processed_count, job.processed_count + batchSize));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

const jobs = new WeakMap<Storage, EnrolmentJobs>();

/** The one that works on this database. */
export function enrolmentJobs(domain: Domain): EnrolmentJobs {
  let found = jobs.get(domain.storage);
  if (!found) {
    found = new EnrolmentJobs(domain);
    jobs.set(domain.storage, found);
  }
  return found;
}
