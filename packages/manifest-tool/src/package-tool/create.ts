import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type PackageImage, writePackage } from '@mooring/manifest';
import type { Command, CommandContext, Values } from '@mooring/terminal';
import { pythonReason } from '../argument-file.ts';
import { inputFile, outputFile } from '../arguments-2x.ts';
import { argumentError2x, type Log2x, logging2x } from '../logging-2x.ts';
import { writeTogether } from '../write-together.ts';
import { type ConfiguredImage, readConfiguration, vendorDataBytes } from './configuration.ts';
import { packageToolErrors } from './errors.ts';

const program = 'manifest-package-tool create';

function alignmentOf(value: string | undefined): number {
  if (value === undefined) return 1;
  const size = /^\s*\+?\d+\s*$/.test(value) ? Number(value) : 0;
  if (size > 0) return size;
  throw argumentError2x(program, '-a/--image-alignment-size', `"${value}" is an invalid alignment value, should be >0`);
}

async function read(path: string, file: string): Promise<Buffer> {
  return await readFile(path).catch((cause: unknown) => {
    throw packageToolErrors('package.image.unreadable', {
      message: pythonReason(cause, file),
      next: 'Paths in a config are relative to the current folder, not to the config file.',
      cause,
      data: { path: file },
    });
  });
}

async function imageOf(cwd: string, configured: ConfiguredImage): Promise<PackageImage> {
  const { file_name, sub_comp_name } = configured;
  const data = await read(resolve(cwd, file_name), file_name);
  return { name: sub_comp_name, vendorData: vendorDataBytes(configured), data };
}

/** Devices keep such a name with its end in nine bytes. */
const maxDeviceName = 8;

async function create(context: CommandContext, values: Values, log: Log2x): Promise<unknown> {
  const { cwd } = context;
  const alignment = alignmentOf(values.alignment as string | undefined);
  const file = String(values.config);
  const config = await inputFile({ program, argument: '-c/--config', value: file }, cwd);
  const output = { program, argument: '-o/--output', value: String(values.output) };
  await outputFile(output, cwd, [config]);

  const configured = readConfiguration({ file, data: await read(config, file) });
  const images: PackageImage[] = [];
  for (const image of configured) images.push(await imageOf(cwd, image));
  const path = await outputFile(
    output,
    cwd,
    configured.map(({ file_name }) => resolve(cwd, file_name)),
  );
  const data = writePackage(images, { alignment });
  await writeTogether([{ path, data }]);
  log.debug('add files');
  for (const { name } of images.filter((image) => image.name.length > maxDeviceName)) {
    context.output.note(`Warning: ${name} is longer than the ${maxDeviceName} letters that devices take as a name.`);
  }
  return {
    package: path,
    size: data.length,
    images: images.map((image) => ({ name: image.name, size: image.data.length })),
  };
}

export const createCommand: Command = {
  name: 'create',
  summary: 'Put the images of several sub-components into one package.',
  description: `The config is YAML or JSON and has a list "images" of two or more, each with file_name (relative to the current folder), sub_comp_name and vendor_data. A device takes the package if each of its sub-components has one image in it, by its name of at most 8 letters. Vendor data is text and is stored as ISO-8859-1.

The package is a tar archive that holds no times and no owners: the same images and the same config give the same bytes. It is written when everything has succeeded; after a failure, a file of this name is as it was.`,
  options: [
    { flags: ['-c', '--config'], name: 'config', metavar: 'YAML', required: true, help: 'The config of the package.' },
    {
      flags: ['-f', '--format'],
      name: 'format',
      metavar: '{tar}',
      choices: ['tar'],
      help: 'The format of the package; there is only one.',
    },
    {
      flags: ['-a', '--image-alignment-size'],
      name: 'alignment',
      metavar: 'IMAGE_ALIGNMENT_SIZE',
      help: 'Let each image start at a multiple of this many bytes, the read size of the storage in which devices keep the package. Always a multiple of 512.',
    },
    {
      flags: ['-o', '--output'],
      name: 'output',
      metavar: 'OUTPUT',
      required: true,
      help: 'Where the package is written.',
    },
  ],
  examples: [
    { run: 'manifest-package-tool create -c package.yaml -o package.tar', does: 'makes package.tar' },
    {
      run: 'manifest-package-tool create -c package.yaml -a 4096 -o package.tar',
      does: 'lets the images start at multiples of 4096 bytes',
    },
  ],
  run: logging2x(create, () => 'DEBUG'),
};
