import { join } from 'node:path';
import { readFileIfExists, removeTree, writeFileAtomic } from '@mooring/platform';

/** The manifest that a device works on, over restarts and power cuts. */
export interface KeptOrder {
  readonly manifest: Uint8Array;
  readonly from: 'pelion' | 'standard';
}

const pathIn = (folder: string): string => join(folder, 'order.json');

export async function readOrder(folder: string): Promise<KeptOrder | undefined> {
  const data = await readFileIfExists(pathIn(folder));
  if (!data) return undefined;
  try {
    const { manifest, from } = JSON.parse(data.toString('utf8')) as { manifest: string; from: string };
    return {
      manifest: new Uint8Array(Buffer.from(manifest, 'base64')),
      from: from === 'standard' ? 'standard' : 'pelion',
    };
  } catch {
    return undefined;
  }
}

export async function keepOrder(folder: string, { manifest, from }: KeptOrder): Promise<void> {
  const text = JSON.stringify({ manifest: Buffer.from(manifest).toString('base64'), from });
  await writeFileAtomic(pathIn(folder), text, 0o600);
}

export const forgetOrder = (folder: string): Promise<void> => removeTree(pathIn(folder));
