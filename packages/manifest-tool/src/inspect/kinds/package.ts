import { createHash } from 'node:crypto';
import { hexOutput, openPackage, type PackagedImage, readTarFrom } from '@mooring/manifest';
import { inMemory, isMooringError, openForReading, piecesOf, type RandomAccess } from '@mooring/platform';
import { visible } from '../../visible.ts';
import type { Fact, Item, Source } from '../item.ts';

function textOf(vendorData: Uint8Array): string {
  return JSON.stringify(visible(Buffer.from(vendorData).toString('latin1')));
}

/** What a client has room for, with a final zero. */
const longestName = 8;

async function look(source: Source, archive: RandomAccess): Promise<Item> {
  const { file } = source;
  const base = { file, kind: 'package', title: 'combined package' } as const;
  let images: PackagedImage[];
  try {
    images = await openPackage(archive);
  } catch (error) {
    if (!isMooringError(error)) throw error;
    const members = await readTarFrom(archive).catch(() => []);
    return {
      ...base,
      facts: members.map(({ name, size }): Fact => ['holds', `${visible(name)}, ${size} bytes`]),
      details: { members: members.map(({ name, offset, size }) => ({ name, offset, size })) },
      findings: [
        { weight: 'problem', code: 'file.damaged', files: [file], text: visible(error.message).replace(/\.$/, '') },
      ],
    };
  }
  const digests = new Map<string, string>();
  for (const { name, offset, size } of images) {
    const hash = createHash('sha256');
    for await (const piece of piecesOf(archive, { start: offset, end: offset + size })) hash.update(piece);
    digests.set(name, hash.digest('hex'));
  }
  return {
    ...base,
    facts: images.map(
      ({ name, vendorData, size }): Fact => ['for', `${name}, ${size} bytes, vendor data ${textOf(vendorData)}`],
    ),
    details: {
      images: images.map(({ name, vendorData, size, offset }) => ({
        name,
        vendorData: hexOutput(vendorData),
        size,
        offset,
        sha256: digests.get(name),
      })),
    },
    members: digests,
    findings: images
      .filter(({ name }) => name.length > longestName)
      .map(({ name }) => ({
        weight: 'problem',
        code: 'file.damaged',
        files: [file],
        text: `the name ${visible(name)} has ${name.length} letters: clients have room for ${longestName}`,
      })),
  };
}

export async function packageItem(source: Source): Promise<Item> {
  if (source.path === undefined) return await look(source, inMemory(source.head));
  const archive = await openForReading(source.path);
  try {
    return await look(source, archive);
  } finally {
    await archive.close();
  }
}
