import { readFile } from 'node:fs/promises';
import {
  type ImageDescriptor,
  matchImages,
  packageErrors,
  readDescriptor,
  readTar,
  type TarMember,
} from '@mooring/manifest';
import { fileError, isMooringError } from '@mooring/platform';
import type { Command, CommandContext, Values } from '@mooring/terminal';
import { inputFile } from '../arguments-2x.ts';
import { type Log2x, logging2x } from '../logging-2x.ts';
import { bytesRepr } from '../python/bytes.ts';
import { visible } from '../visible.ts';

const program = 'manifest-package-tool parse';

/** A description as the old tool shows it, which scripts take apart. */
function shown({ name, vendorData, size }: ImageDescriptor): string {
  const id = bytesRepr(Buffer.from(name, 'utf8'));
  const data = bytesRepr(vendorData);
  return `OrderedDict([('id', ${id}), ('vendor-data', ${data}), ('vendor-data-size', ${vendorData.length}), ('image-size', ${size})])`;
}

/** The line of the old tool, whose spaces are no-break spaces: who looks for it copied them. */
const notTarLine = 'Package tool supports only tar format'.replaceAll(' ', '\u00a0');

function membersOf(bytes: Uint8Array): TarMember[] {
  try {
    return readTar(bytes);
  } catch (error) {
    if (!isMooringError(error) || error.code !== 'package.not.tar') throw error;
    throw packageErrors('package.not.tar', { message: notTarLine, next: `${error.message} ${error.next}` });
  }
}

async function parse({ cwd }: CommandContext, values: Values, log: Log2x): Promise<unknown> {
  const value = String(values.package);
  const path = await inputFile({ program, argument: '-p/--package', value }, cwd);
  log.info(value);
  const bytes = await readFile(path).catch((error: unknown) => {
    throw fileError(error, path);
  });
  const members = membersOf(bytes);
  log.info('Contents of the tar package - ');
  for (const { name } of members) log.info(`File name : ${visible(name)}`);
  log.info('Information of update images:');
  const descriptors = readDescriptor(members);
  for (const descriptor of descriptors) log.info(shown(descriptor));
  const images = matchImages(members, descriptors);
  return {
    members: members.map(({ name, offset, data }) => ({ name, offset, size: data.length })),
    images: images.map(({ name, vendorData, size }) => ({
      name,
      vendorData: Buffer.from(vendorData).toString('hex'),
      size,
    })),
  };
}

export const parseCommand: Command = {
  name: 'parse',
  summary: 'Show what is in a package, and check that it fits together.',
  description:
    'Shows the members of the package and what its descriptor says of each image. The package is refused with status 1 if it is damaged or cut off, or if it does not hold exactly the images that are described, with the sizes that are described: a device would refuse it as well.',
  options: [
    {
      flags: ['-p', '--package'],
      name: 'package',
      metavar: 'PACKAGE',
      required: true,
      help: 'The package, of this tool or of manifest-package-tool 2.6.2.',
    },
  ],
  examples: [{ run: 'manifest-package-tool parse -p package.tar', does: 'shows and checks package.tar' }],
  run: logging2x(parse),
};
