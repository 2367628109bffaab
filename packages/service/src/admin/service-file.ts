import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readFileIfExists, writeFileAtomic } from '@mooring/platform';

/** In the data folder while a service runs: where to reach it. A killed one leaves it behind. */
const serviceFileName = 'service.json';

export interface ServiceFile {
  readonly pid: number;
  readonly adminSocket: string;
  readonly url: string;
}

export async function writeServiceFile(folder: string, content: ServiceFile): Promise<void> {
  await writeFileAtomic(join(folder, serviceFileName), `${JSON.stringify(content, null, 2)}\n`, 0o600);
}

export async function removeServiceFile(folder: string): Promise<void> {
  await rm(join(folder, serviceFileName), { force: true });
}

/** @returns the path of the admin socket, or undefined if there is none */
export async function readServiceFile(folder: string): Promise<string | undefined> {
  const content = await readFileIfExists(join(folder, serviceFileName));
  if (!content) return undefined;
  try {
    const { adminSocket } = JSON.parse(content.toString('utf8')) as Partial<ServiceFile>;
    return typeof adminSocket === 'string' ? adminSocket : undefined;
  } catch {
    return undefined;
  }
}
