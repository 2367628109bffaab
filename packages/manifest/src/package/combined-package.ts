import type { RandomAccess } from '@mooring/platform';
import { decodeDescriptor, descriptorName, encodeDescriptor, type ImageDescriptor } from './descriptor.ts';
import { packageErrors } from './errors.ts';
import { tarBlock } from './tar-header.ts';
import { readTar, readTarFrom, type TarEntry, type TarMember } from './tar-reader.ts';
import { TarWriter } from './tar-writer.ts';

/** One image of a combined package, for one sub-component of a device. */
export interface PackageImage {
  readonly name: string;
  readonly vendorData: Uint8Array;
  readonly data: Uint8Array;
}

/** What a member of a ustar archive without further headers can be called. */
const maxNameLength = 100;

function checkNames(images: readonly PackageImage[]): void {
  const taken = new Set([descriptorName]);
  for (const { name } of images) {
    const refuse = (reason: string) =>
      packageErrors('package.image.refused', {
        message: `The name ${JSON.stringify(name)} of an image ${reason}.`,
        next: 'Give every image the name of its own sub-component on the device: 1 to 8 of 0-9, a-z, A-Z, "_", "." and "-".',
        data: { name },
      });
    if (!/^[0-9a-zA-Z_.-]+$/.test(name)) throw refuse('has a letter that is not allowed, or none');
    if (name.length > maxNameLength) throw refuse(`has ${name.length} letters; at most ${maxNameLength} are possible`);
    if (taken.has(name)) throw refuse(name === descriptorName ? 'is that of the descriptor' : 'is there twice');
    taken.add(name);
  }
}

/** Images are not moved further apart than this many bytes. */
const maxAlignment = 16 * 1024 * 1024;

/** The least multiple of the alignment that everything in a tar archive can have. */
function alignmentUnit(alignment: number): number {
  let [greater, smaller] = [tarBlock, alignment];
  while (smaller > 0) [greater, smaller] = [smaller, greater % smaller];
  const unit = (tarBlock / greater) * alignment;
  if (Number.isSafeInteger(alignment) && alignment > 0 && unit <= maxAlignment) return unit;
  throw packageErrors('package.alignment', {
    message: `Images cannot be aligned to ${alignment} bytes: they would lie ${unit} bytes apart.`,
    next: "Give the read size of the device's storage, which is a power of two, or leave the alignment out.",
  });
}

/**
 * A tar archive of the descriptor and the images in their order. It holds no time, owner or mode of the files: the
 * same images give the same bytes.
 *
 * @param alignment each image starts at a multiple of this many bytes (and of 512, as everything in a tar archive):
 *   the read size of the storage that a device keeps the package in
 * @throws MooringError `package.image.refused`, `package.alignment`
 */
export function writePackage(images: readonly PackageImage[], { alignment = 1 } = {}): Uint8Array {
  checkNames(images);
  const unit = alignmentUnit(alignment);
  const tar = new TarWriter();
  const descriptors = images.map(({ name, vendorData, data }) => ({ name, vendorData, size: data.length }));
  tar.add(descriptorName, encodeDescriptor(descriptors));
  for (const { name, data } of images) tar.add(name, data, unit);
  return tar.finish();
}

function checkedDescriptorName(first: TarEntry | undefined): TarEntry {
  if (first?.name === descriptorName) return first;
  throw packageErrors('package.descriptor.malformed', {
    message: `The package does not start with its descriptor (${descriptorName}).`,
    next: 'Make it with manifest-package-tool create; another tar archive is no package.',
  });
}

/**
 * The descriptions in a package, of which nothing is checked yet.
 *
 * @throws MooringError `package.descriptor.malformed`
 */
export function readDescriptor(members: readonly TarMember[]): ImageDescriptor[] {
  const [first] = members;
  checkedDescriptorName(first);
  return decodeDescriptor(first?.data ?? new Uint8Array());
}

/**
 * The images that are described, each with its place, once it is clear that each is there, in its order, with its
 * size, and nothing else is.
 *
 * @throws MooringError `package.mismatch`
 */
export function matchImages<Member extends TarEntry>(
  members: readonly Member[],
  descriptors: readonly ImageDescriptor[],
): (ImageDescriptor & { member: Member })[] {
  const mismatch = (reason: string) =>
    packageErrors('package.mismatch', {
      message: `Descriptor and images do not fit together: ${reason}.`,
      next: 'A device would refuse this package. Make it again with manifest-package-tool create.',
    });
  const stored = members.slice(1);
  const names = new Set<string>();
  const images = descriptors.map((descriptor, index) => {
    const { name, size } = descriptor;
    const quoted = JSON.stringify(name);
    if (names.has(name)) throw mismatch(`${quoted} is described twice`);
    names.add(name);
    const member = stored[index];
    if (member?.name !== name) {
      const elsewhere = stored.some((other) => other.name === name);
      throw mismatch(elsewhere ? `${quoted} is not at its place` : `${quoted} is described and not there`);
    }
    if (member.size !== size) {
      throw mismatch(`${quoted} is described with ${size} bytes and has ${member.size}`);
    }
    return { ...descriptor, member };
  });
  const more = stored[descriptors.length];
  if (more) throw mismatch(`${JSON.stringify(more.name)} is there and not described`);
  return images;
}

/**
 * The images of a package of ours or of manifest-package-tool 2.6.2, all in memory.
 *
 * @throws MooringError `package.*`
 */
export function readPackage(bytes: Uint8Array): PackageImage[] {
  const members = readTar(bytes);
  return matchImages(members, readDescriptor(members)).map(({ name, vendorData, member }) => ({
    name,
    vendorData,
    data: member.data,
  }));
}

/** An image of a package that is not in memory: `offset` and `size` are its place in the package, in bytes. */
export interface PackagedImage extends ImageDescriptor {
  readonly offset: number;
}

/** Descriptors of devices have some hundred bytes. */
const largestDescriptor = 1024 * 1024;

/**
 * Where the images of a package lie, for a device that reads them out of the file: the descriptor is checked against
 * the archive, and nothing larger than it is read.
 *
 * @throws MooringError `package.*`
 */
export async function openPackage(source: RandomAccess): Promise<PackagedImage[]> {
  const entries = await readTarFrom(source);
  const first = checkedDescriptorName(entries[0]);
  if (first.size > largestDescriptor) {
    throw packageErrors('package.descriptor.malformed', {
      message: `The descriptor of the package has ${first.size} bytes; ${largestDescriptor} are more than any device describes.`,
      next: 'Make the package again with manifest-package-tool create.',
    });
  }
  const descriptors = decodeDescriptor((await source.read(first.offset, first.size)).slice());
  return matchImages(entries, descriptors).map(({ name, vendorData, size, member }) => ({
    name,
    vendorData,
    size,
    offset: member.offset,
  }));
}
