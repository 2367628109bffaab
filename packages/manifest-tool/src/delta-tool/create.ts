import { readFile } from 'node:fs/promises';
import { createDelta, defaultBlockSize, deltaErrors, deltaMagic, maxBlockSize, minBlockSize } from '@mooring/manifest';
import { fileError } from '@mooring/platform';
import type { Command, CommandContext, Values } from '@mooring/terminal';
import { inputFile, outputFile } from '../arguments-2x.ts';
import { argumentError2x, type Log2x, logging2x } from '../logging-2x.ts';
import { writeTogether } from '../write-together.ts';
import { requireKnownVersion } from './client-version.ts';
import { configurationPath, deltaConfiguration } from './delta-configuration.ts';
import { deltaToolErrors } from './errors.ts';

const program = 'manifest-delta-tool';
const thresholds = { least: 30, most: 99, default: 60 };

function blockSizeOf(value: string | undefined): number {
  if (value === undefined) return defaultBlockSize;
  const refuse = (limit: string) =>
    argumentError2x(program, '-b/--block-size', `${value} is invalid - must be ${limit}`);
  const size = /^\s*[+-]?\d+\s*$/.test(value) ? Number(value) : Number.NaN;
  if (!(size >= minBlockSize)) throw refuse(`at least ${minBlockSize}`);
  if (size > maxBlockSize) throw refuse(`at most ${maxBlockSize}`);
  return size;
}

function thresholdOf(value: string | undefined): number {
  if (value === undefined) return thresholds.default;
  const { least, most } = thresholds;
  const refuse = (reason: string) => argumentError2x(program, '-t/--threshold', reason);
  if (!/^\s*[+-]?\d+\s*$/.test(value)) throw refuse(`invalid int value: '${value}'`);
  const percent = Number(value);
  if (percent >= least && percent <= most) return percent;
  const choices = Array.from({ length: most - least + 1 }, (_, index) => least + index);
  throw refuse(`invalid choice: ${percent} (choose from ${choices.join(', ')})`);
}

async function read(path: string): Promise<Buffer> {
  return await readFile(path).catch((error: unknown) => {
    throw fileError(error, path);
  });
}

interface Files {
  current: string;
  new: string;
  output: string;
  configuration: string;
}

async function filesOf({ cwd }: CommandContext, values: Values): Promise<Files> {
  const argument = (flags: string, name: string) => ({ program, argument: flags, value: String(values[name]) });
  const current = await inputFile(argument('-c/--current-fw', 'current_fw'), cwd);
  const newer = await inputFile(argument('-n/--new-fw', 'new_fw'), cwd);
  const output = argument('-o/--output', 'output');
  const path = await outputFile(output, cwd, [current, newer]);
  const beside = configurationPath(output.value);
  const configuration = await outputFile({ ...output, value: beside }, cwd, [current, newer]);
  if (configuration === path) {
    throw argumentError2x(program, output.argument, `"${beside}" is the name of the file that goes with the delta`);
  }
  return { current, new: newer, output: path, configuration };
}

async function create(context: CommandContext, values: Values, log: Log2x): Promise<unknown> {
  const blockSize = blockSizeOf(values.block_size as string | undefined);
  const threshold = thresholdOf(values.threshold as string | undefined);
  const files = await filesOf(context, values);
  log.info(`Current tool version ${deltaMagic}`);

  const old = await read(files.current);
  requireKnownVersion(old, String(values.current_fw));
  const image = await read(files.new);
  if (image.length === 0) {
    throw deltaErrors('delta.image.empty', {
      message: 'Malformed new FW image',
      next: `${values.new_fw} is empty.`,
    });
  }
  const identical = old.equals(image);
  if (identical) {
    log.warning(
      'New and old file are binary same. This will generate delta that will not change the original image. This is probably a mistake',
    );
  }

  const { delta, maxFrame, maxCompressed } = createDelta(old, image, { blockSize });
  const summary = `Wrote diff file ${values.output}, size ${delta.length}. Max undeCompressBuffer frame size was ${maxFrame}, max deCompressBuffer frame size was ${maxCompressed}.`;
  const percent = ((delta.length / image.length) * 100).toFixed(2);
  if (!values.skip_size_check && (delta.length * 100) / image.length >= threshold) {
    // The old tool wrote it, said so and took it away again; scripts find the size in that line.
    context.output.line(summary);
    throw deltaToolErrors('delta.over.threshold', {
      message: `Difference with delta image and update image is more than ${threshold} percent! Percentage is: ${percent}`,
      next: `Nothing was written: ${values.output} is as it was. Update with the whole image, or allow more with -t or --skip-size-check.`,
      data: { size: delta.length, percent: Number(percent), threshold },
    });
  }
  await writeTogether([
    { path: files.configuration, data: deltaConfiguration(old, image) },
    { path: files.output, data: delta },
  ]);
  context.output.line(summary);
  return {
    delta: files.output,
    configuration: files.configuration,
    size: delta.length,
    newSize: image.length,
    percent: Number(percent),
    maxFrame,
    maxCompressed,
    identical,
  };
}

export const createCommand: Command = {
  name: 'create',
  summary: 'Make the delta that turns the image on the devices into a new one.',
  description: `Compares the image that runs on the devices with the one that they shall get, and writes what differs. The devices' client must have been built with support for deltas: its image then contains PELION/BSDIFF001. The word create may be left out, as in "manifest-delta-tool -c old.bin -n new.bin -o delta.bin".

Beside the delta a second file is written, with .yaml in place of what follows the last dot of its name: manifest-tool and manifest-dev-tool read from it what the delta applies to and what it makes. Only the delta itself goes to the devices. Both are written when everything has succeeded; after a failure, files of these names are as they were.

The same images and the same block size give the same delta, byte for byte, as with manifest-tool 2.6.2.`,
  options: [
    {
      flags: ['-c', '--current-fw'],
      name: 'current_fw',
      metavar: 'CURRENT_FW',
      required: true,
      help: 'The image that is on the devices now, without headers.',
    },
    {
      flags: ['-n', '--new-fw'],
      name: 'new_fw',
      metavar: 'NEW_FW',
      required: true,
      help: 'The image that the devices shall have.',
    },
    {
      flags: ['-o', '--output'],
      name: 'output',
      metavar: 'OUTPUT',
      required: true,
      help: 'Where the delta is written; not a name that ends in .yaml.',
    },
    {
      flags: ['-b', '--block-size'],
      name: 'block_size',
      metavar: 'BLOCK_SIZE',
      help: `Bytes that are packed together (${defaultBlockSize}; from ${minBlockSize} to ${maxBlockSize}). More make the delta smaller; a device needs a buffer of this size, and its network buffer (CoAP or HTTP) has to be aligned with it.`,
    },
    {
      flags: ['-t', '--threshold'],
      name: 'threshold',
      metavar: `[${thresholds.least}-${thresholds.most}]`,
      excludes: 'size',
      help: `Refuse a delta whose size is this percentage of the new image or more: a whole number from ${thresholds.least} to ${thresholds.most} (${thresholds.default}).`,
    },
    {
      flags: ['--skip-size-check'],
      name: 'skip_size_check',
      excludes: 'size',
      help: 'Take a delta of any size.',
    },
    { flags: ['--debug'], name: 'debug', help: 'Show where in the program a failure arose.' },
  ],
  examples: [
    {
      run: 'manifest-delta-tool -c v1.bin -n v2.bin -o v1-v2.delta',
      does: 'writes v1-v2.delta and v1-v2.yaml',
    },
    {
      run: 'manifest-delta-tool -c v1.bin -n v2.bin -o v1-v2.delta -b 1024 -t 40',
      does: 'for devices with a buffer of 1024 bytes, if the delta is less than 40 percent of v2.bin',
    },
  ],
  run: logging2x(create),
};
