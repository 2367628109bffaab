import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { bytesContent } from '@mooring/rest';
import type { UpdateJob } from './job.ts';
import type { Image } from './service.ts';

/** From here on an image goes up in chunks. */
export const largestForm = 100 * 1024 * 1024;

/** The store behind the old service took no smaller ones than 5 MiB. */
const chunkSize = 6 * 1024 * 1024;

/**
 * A large image in chunks, each with its MD5; an empty one ends the job, which is then removed. Memory holds one chunk.
 *
 * @param sent told how many bytes have gone out
 */
export async function uploadInChunks(
  { service, made }: UpdateJob,
  path: string,
  { name, encrypt, sent }: { name: string; encrypt: boolean; sent: (bytes: number) => void },
): Promise<Image> {
  const job = await service.createUploadJob(name, encrypt);
  made.add('job', job, name);
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.alloc(chunkSize);
    for (let done = 0; ; ) {
      const { bytesRead } = await file.read(buffer, 0, chunkSize, done);
      const chunk = buffer.subarray(0, bytesRead);
      const md5 = createHash('md5').update(chunk).digest('base64');
      const before = done;
      await service.uploadChunk(job, bytesContent(chunk), md5, (bytes) => sent(before + bytes));
      done += bytesRead;
      if (bytesRead === 0) break;
    }
  } finally {
    await file.close();
  }
  const image = await service.imageOfJob(job);
  await service.remove('job', job);
  made.forget(job);
  return image;
}
