import type { Domain } from '../../storage/context.ts';
import { campaignOfImage } from '../campaigns/in-use.ts';
import type { OpenBlob } from '../images/blobs.ts';
import type { LinkKind } from './links.ts';

/** What a link leads to. */
export interface OpenLink extends OpenBlob {
  /** Changes with the content, which never changes. */
  readonly etag: string;
  readonly modified: number;
  /** The same for all that read it. */
  readonly key: string;
}

const inMemory = (bytes: Uint8Array): Pick<OpenBlob, 'size' | 'read' | 'close'> => ({
  size: bytes.length,
  read: async (into, offset) => {
    const part = bytes.subarray(offset, offset + into.length);
    into.set(part);
    return part.length;
  },
  close: async () => undefined,
});

/**
 * Opens what a link leads to; undefined where that is nothing, or nothing any more; `absent` where it is an image whose file is not
 * there, as after a restore without it. The link of an image ends with the image, and
 * at the end that it was given at its upload, but not while a campaign that is not over delivers it.
 */
export async function openLink(
  domain: Domain,
  { kind, link }: { kind: LinkKind; link: string },
): Promise<OpenLink | 'absent' | undefined> {
  const { db } = domain.storage;
  if (kind === 'image') {
    const image = await db.selectFrom('firmware_images').selectAll().where('link', '=', link).executeTakeFirst();
    if (!image) return undefined;
    const isOver = image.expires_at !== null && image.expires_at <= domain.clock.now().getTime();
    if (isOver && (await campaignOfImage(domain, image)) === undefined) return undefined;
    const blob = await domain.blobs.open(image.blob);
    return blob ? { ...blob, etag: `"${image.checksum}"`, modified: image.created_at, key: image.blob } : 'absent';
  }
  const manifest = await db
    .selectFrom('firmware_manifests')
    .select(['id', 'data', 'key_table', 'created_at'])
    .where('link', '=', link)
    .executeTakeFirst();
  const bytes = kind === 'manifest' ? manifest?.data : manifest?.key_table;
  if (!manifest || !bytes) return undefined;
  const key = `${kind} ${manifest.id}`;
  return { ...inMemory(bytes), etag: `"${kind}-${manifest.id}"`, modified: manifest.created_at, key };
}
