import { isMooringError } from '@mooring/platform';
import { type FilterFields, type ListQuery, matchesFilters, type UploadJobReq } from '@mooring/rest';
import { sql } from 'kysely';
import { newId } from '../../accounts/ids.ts';
import { audit } from '../../audit/records.ts';
import { columnCondition, type FieldRule, type Page, pageOf } from '../../lists/page.ts';
import { changeTime } from '../../registry/devices/device.ts';
import type { Actor, Domain } from '../../storage/context.ts';
import type { Row } from '../../storage/schema.ts';
import { updateErrors } from '../errors.ts';
import { checkUpdateRoom } from '../limit.ts';
import { blobName, type TakenIn, TooMuch } from './blobs.ts';
import { emptyImage, insertImage, largestImage, tooLarge } from './image.ts';

export type UploadJob = Row<'upload_jobs'>;
export type UploadChunk = Row<'upload_chunks'>;

export const uploadJobFilters: FilterFields = {
  id: 'string',
  name: 'string',
  description: 'string',
  status: 'string',
  complete: 'boolean',
  firmware_image_id: 'string',
  created_at: 'time',
  updated_at: 'time',
  etag: 'time',
};

const rules: Readonly<Record<string, FieldRule>> = {
  id: 'id',
  name: 'name',
  description: 'description',
  status: 'status',
  complete: (filter) => columnCondition(sql`(case status when 'complete' then 1 else 0 end)`, filter),
  firmware_image_id: 'firmware_image_id',
  created_at: 'created_at',
  updated_at: 'updated_at',
  etag: 'updated_at',
};

/** Chunks of a job; a client that sends more of them sends them too small. */
const mostChunks = 100_000;

const subject = (id: string) => ({ subjectKind: 'upload-job', subjectId: id });

export function listUploadJobs(domain: Domain, actor: Actor, query: ListQuery): Promise<Page<UploadJob>> {
  return pageOf(domain, 'upload_jobs', actor.accountId, query, rules);
}

/** @throws MooringError `upload.job.not.found` */
export async function getUploadJob(domain: Domain, actor: Actor, id: string): Promise<UploadJob> {
  const row = await domain.storage.db
    .selectFrom('upload_jobs')
    .selectAll()
    .where('account_id', '=', actor.accountId)
    .where('id', '=', id)
    .executeTakeFirst();
  if (row) return row;
  throw updateErrors('upload.job.not.found', {
    message: `There is no upload job with the id ${id}.`,
    next: 'Make one, or list them for their ids.',
  });
}

/** @throws MooringError `update.limit` */
export async function createUploadJob(domain: Domain, actor: Actor, input: UploadJobReq): Promise<UploadJob> {
  return domain.storage.transaction(async (db) => {
    await checkUpdateRoom(domain, 'upload_jobs', actor.accountId);
    const now = changeTime(domain);
    const row: UploadJob = {
      id: newId(domain.clock),
      account_id: actor.accountId,
      name: input.name || 'default_object_name',
      description: input.description || null,
      status: 'in_progress',
      size: 0,
      firmware_image_id: null,
      created_at: now,
      updated_at: now,
    };
    await db.insertInto('upload_jobs').values(row).execute();
    await audit(domain, actor, { action: 'upload-job.created', ...subject(row.id), detail: { name: row.name } });
    return row;
  });
}

/** Changes what is given and keeps the rest. @throws MooringError `upload.job.not.found` */
export async function updateUploadJob(
  domain: Domain,
  actor: Actor,
  id: string,
  input: UploadJobReq,
): Promise<UploadJob> {
  return domain.storage.transaction(async (db) => {
    const before = await getUploadJob(domain, actor, id);
    const name = input.name || before.name;
    const description = input.description === undefined ? before.description : input.description || null;
    const updated_at = changeTime(domain, before.updated_at);
    await db.updateTable('upload_jobs').set({ name, description, updated_at }).where('id', '=', id).execute();
    return { ...before, name, description, updated_at };
  });
}

/** Deletes a job; an image that was made of it stays. @throws MooringError `upload.job.not.found` */
export async function deleteUploadJob(domain: Domain, actor: Actor, id: string): Promise<void> {
  await oneAtATime(id, async () => {
    await domain.storage.transaction(async (db) => {
      const { name } = await getUploadJob(domain, actor, id);
      await db.deleteFrom('upload_jobs').where('id', '=', id).execute();
      await audit(domain, actor, { action: 'upload-job.deleted', ...subject(id), detail: { name } });
    });
    await domain.blobs.forget(id);
  });
}

/** What comes for one job goes one after the other: chunks have no numbers, their order is that of their coming. */
const turns = new Map<string, Promise<unknown>>();

async function oneAtATime<T>(id: string, work: () => Promise<T>): Promise<T> {
  const before = turns.get(id) ?? Promise.resolve();
  const mine = before.then(work, work);
  const settled = mine.catch(() => undefined);
  turns.set(id, settled);
  try {
    return await mine;
  } finally {
    if (turns.get(id) === settled) turns.delete(id);
  }
}

/** A chunk as it comes in. */
export interface ChunkInput {
  readonly source: AsyncIterable<Uint8Array>;
  /** Base64, of Content-MD5 (RFC 1864). */
  readonly md5?: string;
  /** Where it begins, of Content-Range: `bytes 0-1023/*`. For clients that repeat a chunk whose answer was lost. */
  readonly start?: number;
}

const invalid = (message: string, next: string) => updateErrors('upload.chunk.invalid', { message, next });

async function chunksOf(domain: Domain, jobId: string): Promise<UploadChunk[]> {
  return domain.storage.db
    .selectFrom('upload_chunks')
    .selectAll()
    .where('job_id', '=', jobId)
    .orderBy('number')
    .execute();
}

/** A chunk that is there already, and is sent once more. */
async function repeated(
  chunks: readonly UploadChunk[],
  { source, md5, start }: ChunkInput,
): Promise<UploadChunk | undefined> {
  let at = 0;
  for (const chunk of chunks) {
    if (at === start && chunk.hash !== '' && chunk.hash === md5) {
      let length = 0;
      for await (const bytes of source) length += bytes.length;
      if (length === chunk.length) return chunk;
    }
    at += chunk.length;
  }
  return undefined;
}

/** Ends a job whose chunks are no longer there: backups do not hold those of an upload that has begun. */
async function withoutChunks(domain: Domain, job: UploadJob): Promise<Error> {
  await domain.storage.transaction(async (db) => {
    const updated_at = changeTime(domain, job.updated_at);
    await db.updateTable('upload_jobs').set({ status: 'failed', updated_at }).where('id', '=', job.id).execute();
  });
  return updateErrors('upload.job.over', {
    message: `The chunks of the upload job ${job.id} are missing on the service; the job has failed.`,
    next: 'Make a new upload job.',
  });
}

/**
 * Appends a chunk to a job. One without bytes ends the job and makes the image.
 *
 * What a client has sent of a chunk when its connection breaks is forgotten; so is a chunk that is not what its Content-MD5 says. A
 * chunk is acknowledged when it is on the disk.
 *
 * @throws MooringError `upload.job.not.found`, `upload.job.over`, `upload.chunk.invalid`, `image.too.large`, `file.*`
 */
export function addChunk(domain: Domain, actor: Actor, id: string, chunk: ChunkInput): Promise<UploadChunk> {
  return oneAtATime(id, async () => {
    const job = await getUploadJob(domain, actor, id);
    if (job.status !== 'in_progress') {
      throw updateErrors('upload.job.over', {
        message: `The upload job ${id} is ${job.status === 'complete' ? 'complete' : 'over'}; it takes no more chunks.`,
        next: 'Make a new upload job.',
      });
    }
    const chunks = await chunksOf(domain, id);
    if (chunk.start !== undefined && chunk.start !== job.size) {
      const known = chunk.start < job.size ? await repeated(chunks, chunk) : undefined;
      if (known) return known;
      throw invalid(
        `The chunk begins at byte ${chunk.start}; the next one has to begin at ${job.size}.`,
        'Send the chunks in order.',
      );
    }
    if (chunks.length >= mostChunks) throw invalid('The job has too many chunks.', 'Send larger ones.');
    let taken: TakenIn;
    try {
      taken = await domain.blobs.append(id, job.size, chunk.source, largestImage(domain) - job.size);
    } catch (error) {
      if (isMooringError(error) && error.code === 'file.not.found') throw await withoutChunks(domain, job);
      throw error instanceof TooMuch ? tooLarge(domain) : error;
    }
    if (chunk.md5 !== undefined && chunk.md5 !== taken.md5) {
      throw invalid('The chunk is not what its Content-MD5 says.', 'Send it again.');
    }
    const row: UploadChunk = {
      account_id: actor.accountId,
      job_id: id,
      number: chunks.length + 1,
      length: taken.length,
      hash: chunk.md5 ?? '',
      created_at: domain.clock.now().getTime(),
    };
    if (taken.length === 0) await complete(domain, actor, job, row);
    else {
      await domain.storage.transaction(async (db) => {
        await db.insertInto('upload_chunks').values(row).execute();
        const updated_at = changeTime(domain, job.updated_at);
        await db
          .updateTable('upload_jobs')
          .set({ size: job.size + taken.length, updated_at })
          .where('id', '=', id)
          .execute();
      });
    }
    return row;
  });
}

/**
 * Makes the image. The chunks are forgotten after its row is written: killed at any point, the job is as before and can be
 * ended again, or it is complete.
 */
async function complete(domain: Domain, actor: Actor, job: UploadJob, last: UploadChunk): Promise<void> {
  if (job.size === 0) throw emptyImage();
  const { name, description, size } = job;
  const blob = blobName();
  const checksum = await domain.blobs.digest(job.id, size);
  await domain.blobs.keep(job.id, blob);
  try {
    await domain.storage.transaction(async (db) => {
      await checkUpdateRoom(domain, 'firmware_images', actor.accountId);
      const image = await insertImage(domain, actor, { name, description, fileName: name, blob, checksum, size });
      await db.insertInto('upload_chunks').values(last).execute();
      await db
        .updateTable('upload_jobs')
        .set({ status: 'complete', firmware_image_id: image.id, updated_at: changeTime(domain, job.updated_at) })
        .where('id', '=', job.id)
        .execute();
    });
  } catch (error) {
    await domain.blobs.remove(blob);
    throw error;
  }
  await domain.blobs.forget(job.id).catch(() => undefined);
}

export const uploadChunkFilters: FilterFields = {
  id: 'integer',
  hash: 'string',
  length: 'integer',
  created_at: 'time',
  updated_at: 'time',
  etag: 'time',
};

const fieldsOf = (chunk: UploadChunk) => ({
  id: chunk.number,
  hash: chunk.hash,
  length: chunk.length,
  created_at: chunk.created_at,
  updated_at: chunk.created_at,
  etag: chunk.created_at,
});

/** @throws MooringError `upload.job.not.found` */
export async function listChunks(
  domain: Domain,
  actor: Actor,
  jobId: string,
  query: ListQuery,
): Promise<Page<UploadChunk>> {
  await getUploadJob(domain, actor, jobId);
  const all = (await chunksOf(domain, jobId)).filter((chunk) => matchesFilters(query.filters, fieldsOf(chunk)));
  if (query.order === 'DESC') all.reverse();
  const after = query.after === null ? 0 : all.findIndex(({ number }) => String(number) === query.after) + 1;
  const items = all.slice(after, after + query.limit);
  return { items, hasMore: all.length > after + items.length, totalCount: all.length, query };
}

/** @throws MooringError `upload.job.not.found`, `upload.chunk.not.found` */
export async function getChunk(domain: Domain, actor: Actor, jobId: string, number: string): Promise<UploadChunk> {
  await getUploadJob(domain, actor, jobId);
  const found = (await chunksOf(domain, jobId)).find((chunk) => String(chunk.number) === number);
  if (found) return found;
  throw updateErrors('upload.chunk.not.found', {
    message: `The upload job ${jobId} has no chunk ${number}.`,
    next: 'List its chunks for their numbers.',
  });
}
