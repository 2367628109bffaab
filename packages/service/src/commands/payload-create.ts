import { resolve } from 'node:path';
import type { CreatedPayload, PayloadFormat } from '@mooring/payload';
import type { Command, CommandContext, Values } from '@mooring/terminal';
import { payloadCommandErrors } from '../errors.ts';

const unfit = (message: string, next: string) =>
  payloadCommandErrors('payload.arguments', { message, next, exitCode: 2 });

const formats: readonly PayloadFormat[] = [1, 3, 4];

async function formatOf(values: Values): Promise<PayloadFormat> {
  const { formatOfMbl } = await import('@mooring/payload');
  const given = values.format as number | undefined;
  const release = values.mbl as string | undefined;
  if (release === undefined) {
    const found = formats.find((one) => one === (given ?? 4));
    if (found) return found;
    throw unfit(
      `There is no payload format ${given}.`,
      'Formats are 1 (MBL 0.9), 3 (MBL 0.10) and 4 (MBL 0.11 and Mooring).',
    );
  }
  const found = formatOfMbl(release);
  if (found) return found;
  throw unfit(`No payload format is known for MBL ${release}.`, 'Releases are 0.9, 0.10 and 0.11.');
}

/** `KEY=FILE` options. */
function named(values: Values, option: string, cwd: string): [string, string][] {
  return ((values[option] as string[] | undefined) ?? []).map((text) => {
    const at = text.indexOf('=');
    if (at <= 0 || at === text.length - 1)
      throw unfit(`"${text}" is not of the form NAME=FILE.`, 'For example: -b 1=u-boot.imx');
    return [text.slice(0, at), resolve(cwd, text.slice(at + 1))];
  });
}

function bootloaders(values: Values, cwd: string): Partial<Record<1 | 2, string>> {
  const found: Partial<Record<1 | 2, string>> = {};
  for (const [slot, path] of named(values, 'bootloaders', cwd)) {
    if (slot !== '1' && slot !== '2') throw unfit(`There is no bootloader slot ${slot}.`, 'Slots are 1 and 2.');
    if (found[slot === '1' ? 1 : 2] !== undefined) throw unfit(`Slot ${slot} is there twice.`, 'Give each slot once.');
    found[slot === '1' ? 1 : 2] = path;
  }
  return found;
}

function say({ output }: CommandContext, made: CreatedPayload): void {
  for (const { type, filename, size } of made.images) output.line(`${type.padEnd(18)}${filename}  ${size} bytes`);
  output.line(`${made.path}: format ${made.format}, ${made.size} bytes`);
  output.line(`SHA-256 ${made.sha256}`);
}

export const payloadCreate: Command = {
  name: 'payload create',
  summary: 'Make an update payload of applications, a root file system, kernel and bootloaders.',
  description:
    "The options are those of MBL's create-update-payload, with files in place of names in a build area. The same files give the same payload, byte for byte, with the same release of xz.",
  options: [
    {
      flags: ['-b', '--bootloader-components'],
      name: 'bootloaders',
      metavar: 'SLOT=FILE',
      kind: 'lists',
      help: 'Raw image of a bootloader for slot 1 or 2.',
    },
    { flags: ['-k', '--kernel'], name: 'kernel', metavar: 'DIR', help: 'Folder with the files of the boot partition.' },
    {
      flags: ['-r', '--rootfs'],
      name: 'rootfs',
      metavar: 'FILE',
      help: 'Image of the root file system (ext4, packed with gzip or not); for formats 1 and 3 a tar archive of it.',
    },
    { flags: ['-a', '--apps'], name: 'apps', metavar: 'IPK', kind: 'lists', help: 'Applications, .ipk files.' },
    {
      flags: ['-i', '--image'],
      name: 'images',
      metavar: 'TYPE=FILE',
      kind: 'lists',
      help: 'An image of another type, for a plugin of the device.',
    },
    {
      flags: ['-o', '--output-path'],
      name: 'output',
      metavar: 'PATH',
      default: 'payload.swu',
      help: 'The payload.',
    },
    {
      flags: ['-t', '--testinfo'],
      name: 'testInfo',
      metavar: 'PATH',
      help: 'Also write what a test can look at on the device, as JSON.',
    },
    {
      flags: ['-f', '--format-version'],
      name: 'format',
      metavar: 'N',
      kind: 'integer',
      excludes: 'format',
      help: 'Format of the payload: 1, 3 or 4; 4 if nothing is said.',
    },
    {
      flags: ['-m', '--mbl-os-version'],
      name: 'mbl',
      metavar: 'VERSION',
      excludes: 'format',
      help: 'The release of MBL that it is for: 0.9, 0.10 or 0.11.',
    },
  ],
  examples: [
    { run: 'mooring payload create -a hello_1.0_any.ipk -o hello.swu', does: 'a payload with one application' },
    { run: 'mooring payload create -r rootfs.ext4 -k boot/ -o os.swu', does: 'a root file system and its kernel' },
  ],
  async run(context, values) {
    const { createPayload } = await import('@mooring/payload');
    const { cwd } = context;
    const path = (name: string) => {
      const value = values[name] as string | undefined;
      return value === undefined ? undefined : resolve(cwd, value);
    };
    const [rootfs, kernel, testInfo] = [path('rootfs'), path('kernel'), path('testInfo')];
    const made = await createPayload({
      output: path('output') ?? resolve(cwd, 'payload.swu'),
      format: await formatOf(values),
      apps: ((values.apps as string[] | undefined) ?? []).map((one) => resolve(cwd, one)),
      bootloaders: bootloaders(values, cwd),
      others: named(values, 'images', cwd).map(([type, file]) => ({ type, path: file })),
      ...(rootfs === undefined ? {} : { rootfs }),
      ...(kernel === undefined ? {} : { kernel }),
      ...(testInfo === undefined ? {} : { testInfo }),
    });
    say(context, made);
    return made;
  },
};
