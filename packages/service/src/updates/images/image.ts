import type { FilterFields, ListQuery } from '@mooring/rest';
import { newId } from '../../accounts/ids.ts';
import { audit } from '../../audit/records.ts';
import { type FieldRule, type Page, pageOf } from '../../lists/page.ts';
import { changeTime } from '../../registry/devices/device.ts';
import type { Actor, Domain } from '../../storage/context.ts';
import type { Row } from '../../storage/schema.ts';
import { campaignOfImage } from '../campaigns/in-use.ts';
import { linkName, newLink } from '../downloads/links.ts';
import { updateErrors } from '../errors.ts';
import { checkUpdateRoom } from '../limit.ts';
import { blobName, TooMuch } from './blobs.ts';

export type FirmwareImage = Row<'firmware_images'>;

export const firmwareImageFilters: FilterFields = {
  id: 'string',
  name: 'string',
  description: 'string',
  datafile: 'string',
  datafile_checksum: 'string',
  datafile_size: 'integer',
  created_at: 'time',
  updated_at: 'time',
  etag: 'time',
};

const rules: Readonly<Record<string, FieldRule>> = {
  id: 'id',
  name: 'name',
  description: 'description',
  datafile: 'file_name',
  datafile_checksum: 'checksum',
  datafile_size: 'size',
  created_at: 'created_at',
  updated_at: 'updated_at',
  etag: 'updated_at',
};

const subject = (id: string) => ({ subjectKind: 'firmware-image', subjectId: id });
const dayLength = 24 * 60 * 60 * 1000;

export function listFirmwareImages(domain: Domain, actor: Actor, query: ListQuery): Promise<Page<FirmwareImage>> {
  return pageOf(domain, 'firmware_images', actor.accountId, query, rules);
}

/** @throws MooringError `image.not.found` */
export async function getFirmwareImage(domain: Domain, actor: Actor, id: string): Promise<FirmwareImage> {
  const row = await domain.storage.db
    .selectFrom('firmware_images')
    .selectAll()
    .where('account_id', '=', actor.accountId)
    .where('id', '=', id)
    .executeTakeFirst();
  if (row) return row;
  throw updateErrors('image.not.found', {
    message: `There is no firmware image with the id ${id}.`,
    next: 'List the firmware images for their ids.',
  });
}

export const largestImage = (domain: Domain): number => domain.settings.limits.imageSize * 1024 * 1024;

export const tooLarge = (domain: Domain) =>
  updateErrors('image.too.large', {
    message: `The firmware image is larger than ${domain.settings.limits.imageSize} MiB.`,
    next: 'Raise limit-image-size, if there have to be such images.',
  });

export const emptyImage = () =>
  updateErrors('upload.chunk.invalid', {
    message: 'The firmware image has no bytes.',
    next: 'Check the file.',
    data: { fields: [{ name: 'datafile', message: 'Is empty.' }] },
  });

/** What an image is made of that stands in the blobs already. */
export interface NewImage {
  readonly name: string;
  readonly description: string | null;
  readonly fileName: string;
  readonly blob: string;
  readonly checksum: string;
  readonly size: number;
}

/** Writes the row of an image. To be called in a transaction, after its blob was kept. */
export async function insertImage(domain: Domain, actor: Actor, image: NewImage): Promise<FirmwareImage> {
  const { downloadDays } = domain.settings;
  const now = changeTime(domain);
  const row: FirmwareImage = {
    id: newId(domain.clock),
    account_id: actor.accountId,
    name: image.name,
    description: image.description,
    blob: image.blob,
    link: newLink(),
    file_name: linkName(image.fileName),
    checksum: image.checksum,
    size: image.size,
    expires_at: downloadDays === undefined ? null : now + downloadDays * dayLength,
    created_at: now,
    updated_at: now,
  };
  await domain.storage.db.insertInto('firmware_images').values(row).execute();
  const { name, checksum, size } = image;
  await audit(domain, actor, {
    action: 'firmware-image.created',
    ...subject(row.id),
    detail: { name, checksum, size },
  });
  return row;
}

/** The bytes of an upload, on the disk, and not yet an image. */
export interface UploadedFile {
  readonly blob: string;
  readonly fileName: string;
  readonly checksum: string;
  readonly size: number;
}

/**
 * Takes a file to the disk as it comes. Whoever does not make an image of it gives it back with `discardUpload`; what a crash
 * leaves is swept at the next start.
 *
 * @throws MooringError `image.too.large`, `upload.chunk.invalid`, `file.*`
 */
export async function takeFile(
  domain: Domain,
  source: AsyncIterable<Uint8Array>,
  fileName: string,
): Promise<UploadedFile> {
  const blob = blobName();
  try {
    const { length, sha256 } = await domain.blobs.append(blob, 0, source, largestImage(domain));
    if (length === 0) throw emptyImage();
    return { blob, fileName, checksum: sha256, size: length };
  } catch (error) {
    await domain.blobs.forget(blob).catch(() => undefined);
    throw error instanceof TooMuch ? tooLarge(domain) : error;
  }
}

export const discardUpload = (domain: Domain, { blob }: UploadedFile): Promise<void> => domain.blobs.forget(blob);

/** Makes an image of a file that was taken in. @throws MooringError `update.limit`, `file.*` */
export async function createFirmwareImage(
  domain: Domain,
  actor: Actor,
  file: UploadedFile,
  names: { name: string | undefined; description: string | undefined },
): Promise<FirmwareImage> {
  await domain.blobs.keep(file.blob, file.blob);
  try {
    return await domain.storage.transaction(async () => {
      await checkUpdateRoom(domain, 'firmware_images', actor.accountId);
      const name = names.name || file.fileName.slice(0, 128) || 'default_object_name';
      return insertImage(domain, actor, { ...file, name, description: names.description || null });
    });
  } catch (error) {
    await domain.blobs.remove(file.blob);
    throw error;
  } finally {
    await domain.blobs.forget(file.blob).catch(() => undefined);
  }
}

/**
 * Deletes an image and its link. Downloads that have begun go on.
 *
 * @throws MooringError `image.not.found`, `image.in.use`
 */
export async function deleteFirmwareImage(domain: Domain, actor: Actor, id: string): Promise<void> {
  const blob = await domain.storage.transaction(async (db) => {
    const image = await getFirmwareImage(domain, actor, id);
    const campaign = await campaignOfImage(domain, image);
    if (campaign !== undefined) {
      throw updateErrors('image.in.use', {
        message: `The firmware image ${id} is delivered by the campaign ${campaign}, which is not over.`,
        next: 'Stop the campaign, then delete the image.',
      });
    }
    await db.deleteFrom('firmware_images').where('id', '=', id).execute();
    await audit(domain, actor, { action: 'firmware-image.deleted', ...subject(id), detail: { name: image.name } });
    return image.blob;
  });
  await domain.blobs.remove(blob);
}

/** Removes blobs that no row names: what a crash has left of uploads and deletions. For the start. */
export async function sweepBlobs(domain: Domain): Promise<number> {
  const { db } = domain.storage;
  const isImage = async (name: string) =>
    (await db.selectFrom('firmware_images').select('id').where('blob', '=', name).executeTakeFirst()) !== undefined;
  const isJob = async (name: string) =>
    (await db
      .selectFrom('upload_jobs')
      .select('id')
      .where('id', '=', name)
      .where('status', '=', 'in_progress')
      .executeTakeFirst()) !== undefined;
  return domain.blobs.sweep(isImage, isJob);
}
