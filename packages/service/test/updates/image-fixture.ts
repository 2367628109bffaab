import type { Actor, Domain } from '../../src/storage/context.ts';
import { linkUrl } from '../../src/updates/downloads/links.ts';
import { createFirmwareImage, type FirmwareImage, takeFile } from '../../src/updates/images/image.ts';

async function* once(bytes: Uint8Array) {
  yield bytes;
}

/** An image in the service, and the address that its manifest has. */
export async function uploaded(
  domain: Domain,
  actor: Actor,
  bytes: Uint8Array,
): Promise<{ image: FirmwareImage; uri: string }> {
  const file = await takeFile(domain, once(bytes), 'fw.bin');
  const image = await createFirmwareImage(domain, actor, file, { name: 'image', description: undefined });
  return { image, uri: linkUrl(domain, 'image', image.link, image.file_name) };
}

/** Counts what is opened of the blobs and not closed again. */
export function watchBlobs({ blobs }: Domain): { open: number } {
  const watched = { open: 0 };
  const { open } = blobs;
  blobs.open = async (name) => {
    const blob = await open(name);
    if (!blob) return undefined;
    watched.open++;
    const close = async () => {
      watched.open--;
      await blob.close();
    };
    return { ...blob, close };
  };
  return watched;
}
