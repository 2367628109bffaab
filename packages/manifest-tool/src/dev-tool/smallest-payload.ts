import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createDelta } from '@mooring/manifest';
import { fileError } from '@mooring/platform';
import { deltaConfiguration } from '../delta-tool/delta-configuration.ts';
import type { Log2x } from '../logging-2x.ts';

export interface Payload {
  /** What is uploaded. */
  path: string;
  remove(): Promise<void>;
}

/** Frames of the delta; devices need a buffer of this size, and 2.6.2's usual one is what they have. */
const blockSize = 512;

/**
 * The smaller of the image and the delta that makes it out of the one that devices run. A delta is never sent that is as
 * large as the image.
 *
 * @param current path of the image that devices run
 * @throws MooringError `file.*`
 */
export async function smallestPayload(path: string, current: string | undefined, log: Log2x): Promise<Payload> {
  const whole: Payload = { path, remove: async () => undefined };
  if (current === undefined) return whole;
  const read = (file: string) =>
    readFile(file).catch((error: unknown) => {
      throw fileError(error, file);
    });
  const [old, image] = await Promise.all([read(current), read(path)]);
  const { delta } = createDelta(old, image, { blockSize });
  const share = `${delta.length} of ${image.length} bytes`;
  if (delta.length >= image.length) {
    log.info(`The whole image is sent: the delta would have ${share}`);
    return whole;
  }
  log.info(`A delta is sent: ${share}`);
  const folder = await mkdtemp(join(tmpdir(), 'manifest-dev-tool-'));
  const name = `${basename(path)}.delta`;
  await writeFile(join(folder, name), delta);
  // Found beside the delta, under its name with another ending.
  await writeFile(join(folder, `${basename(path)}.yaml`), deltaConfiguration(old, image));
  return { path: join(folder, name), remove: () => rm(folder, { recursive: true, force: true }) };
}
