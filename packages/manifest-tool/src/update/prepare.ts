import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { isMooringError } from '@mooring/platform';
import { bytesContent, fileContent } from '@mooring/rest';
import type { CommandContext, Values } from '@mooring/terminal';
import { requireReadable } from '../argument-file.ts';
import { create } from '../create/create.ts';
import type { Log } from '../log.ts';
import { updateErrors } from './errors.ts';
import type { UpdateJob } from './job.ts';
import type { UpdateNames } from './names.ts';
import type { Image } from './service.ts';

/** A step that failed, in the words of 1.4.8 and with what the service or the network said. */
export async function step<T>(
  code: Parameters<typeof updateErrors>[0],
  headline: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!isMooringError(cause)) throw cause;
    throw updateErrors(code, {
      message: `${headline}\n${cause.message}`,
      ...(cause.next === undefined ? {} : { next: cause.next }),
      cause,
      data: { ...cause.data, code: cause.code },
    });
  }
}

/** As the parser of 1.4.8: files that cannot be opened are wrong usage, and nothing is sent. */
export async function requireFiles(context: CommandContext, command: string, values: Values): Promise<void> {
  await requireReadable(context, command, '-p/--payload', values.payload as string);
  const key = values.private_key as string | undefined;
  if (key !== undefined) await requireReadable(context, command, '-k/--private-key', key);
}

async function uploadedImage(job: UpdateJob, context: CommandContext, values: Values, name: string): Promise<Image> {
  const file = values.payload as string;
  const content = await fileContent(resolve(context.cwd, file));
  const description = values.payload_description as string | undefined;
  const image = await job.service.uploadImage(
    { name, filename: basename(file), content, description },
    { sent: job.progress.uploading(basename(file), content.size) },
  );
  job.progress.line.clear();
  job.made.add('image', image.id, name);
  return image;
}

export interface PreparedUpdate {
  image: { id: string; name: string; url: string };
  manifest: { id: string; name: string; url: string; sha256: string };
}

/** Steps of both update commands: image up, manifest made for where it is, manifest up. */
export async function prepareUpdate(
  job: UpdateJob,
  context: CommandContext,
  values: Values,
  names: UpdateNames,
  { log, temporary }: { log: Log; temporary?: (file: string) => void },
): Promise<PreparedUpdate> {
  const image = await step('update.image.failed', 'Upload of payload failed with:', () =>
    uploadedImage(job, context, values, names.payload),
  );
  log.info(`Created new firmware at ${image.url}`);

  const given = values.output_file as string | undefined;
  const folder = given === undefined ? await mkdtemp(join(tmpdir(), 'manifest-tool-')) : undefined;
  try {
    const file = folder === undefined ? (given as string) : join(folder, 'manifest');
    if (folder !== undefined) temporary?.(file);
    const made = (await create(context, { ...values, uri: image.url, output_file: file })) as { sha256: string };
    const content = bytesContent(await readFile(resolve(context.cwd, file)));
    const manifest = await step('update.manifest.failed', 'Upload of manifest failed with:', () =>
      job.service.uploadManifest({
        name: names.manifest,
        filename: basename(file),
        content,
        description: values.manifest_description as string | undefined,
      }),
    );
    job.made.add('manifest', manifest.id, names.manifest);
    log.info(`Created new manifest at ${manifest.url}`);
    log.info(`Manifest ID: ${manifest.id}`);
    return {
      image: { id: image.id, name: names.payload, url: image.url },
      manifest: { ...manifest, name: names.manifest, sha256: made.sha256 },
    };
  } finally {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  }
}
