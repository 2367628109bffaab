import { bareName } from '../archive/member-name.ts';
import { payloadErrors } from '../errors.ts';
import { type ConfigGroup, type ConfigValue, libconfigText, parseLibconfig } from './libconfig.ts';

/** Name of the first member of a `.swu`, which describes the others. */
export const descriptionName = 'sw-description';

/** SWUpdate's own signature of it, for an SWUpdate that is built to ask for one. Here the manifest is what is signed. */
export const descriptionSignatureName = `${descriptionName}.sig`;

/** One image of a payload, as `sw-description` has it. */
export interface ImageDescription {
  /** `ROOTFSv4`; by it a device finds who installs the image. */
  readonly type: string;
  readonly filename: string;
  /** SWUpdate unpacks it before it hands it on. */
  readonly compressed?: 'zlib' | 'zstd';
  /** SHA-256 in hex, where it is given. */
  readonly sha256?: string;
}

export interface Description {
  /** MBL writes `0.0.0` always. */
  readonly version: string;
  /** Hardware revisions that it is for, as SWUpdate writes them; MBL writes none. */
  readonly hardware?: readonly string[];
  readonly images: readonly ImageDescription[];
}

const fail = (reason: string) =>
  payloadErrors('payload.unsupported', {
    message: `sw-description ${reason}.`,
    next: 'Make the payload with mooring payload create, or install it with SWUpdate itself.',
  });

const isGroup = (value: ConfigValue | undefined): value is ConfigGroup =>
  typeof value === 'object' && !Array.isArray(value);

function text(group: ConfigGroup, name: string, what: string): string {
  const value = group[name];
  if (typeof value === 'string' && value !== '') return value;
  throw fail(`has ${what} without ${name}`);
}

/** SWUpdate's own words (`true` is zlib) and MBL's. */
function compressedOf(value: ConfigValue | undefined): 'zlib' | 'zstd' | undefined {
  if (value === undefined || value === false) return undefined;
  if (value === true || value === 'zlib') return 'zlib';
  if (value === 'zstd') return 'zstd';
  throw fail(`names the compression ${JSON.stringify(value)}, which is not known`);
}

/**
 * The images in the order in which they are to be installed. Scripts, files and board sections of SWUpdate are not MBL's
 * form and are refused.
 *
 * @throws MooringError `payload.malformed`, `payload.unsupported`, `payload.unsafe`
 */
export function parseDescription(source: string): Description {
  const { software } = parseLibconfig(source);
  if (!isGroup(software)) throw fail('has no group "software"');
  const unknown = Object.keys(software).filter(
    (name) => !['version', 'description', 'hardware-compatibility', 'images'].includes(name),
  );
  if (unknown.length > 0) throw fail(`has ${unknown.join(', ')}, which only SWUpdate itself knows`);
  const { images, version = '0.0.0' } = software;
  if (!Array.isArray(images) || images.length === 0) throw fail('names no images');
  const found = (images as readonly ConfigValue[]).map((image): ImageDescription => {
    if (!isGroup(image)) throw fail('has an image that is no group');
    const compressed = compressedOf(image.compressed);
    const { sha256 } = image;
    if (sha256 !== undefined && (typeof sha256 !== 'string' || !/^[0-9a-fA-F]{64}$/.test(sha256))) {
      throw fail('has a sha256 that is none');
    }
    return {
      type: text(image, 'type', 'an image'),
      filename: bareName(descriptionName, text(image, 'filename', 'an image')),
      ...(compressed === undefined ? {} : { compressed }),
      ...(sha256 === undefined ? {} : { sha256: sha256.toLowerCase() }),
    };
  });
  for (const key of ['type', 'filename'] as const) {
    const repeated = found.find((one, index) => found.findIndex((other) => other[key] === one[key]) !== index);
    if (repeated) throw fail(`names the ${key} ${repeated[key]} twice`);
  }
  const hardware = software['hardware-compatibility'];
  if (hardware !== undefined && !(Array.isArray(hardware) && hardware.every((one) => typeof one === 'string'))) {
    throw fail('has a hardware-compatibility that is no list of texts');
  }
  return {
    version: String(version),
    ...(hardware === undefined ? {} : { hardware: hardware as string[] }),
    images: found,
  };
}

export function formatDescription({ version, hardware, images }: Description): string {
  const items = images.map((image) => {
    const settings = (['type', 'filename', 'compressed', 'sha256'] as const)
      .filter((name) => image[name] !== undefined)
      .map((name) => `            ${name} = ${libconfigText(image[name] ?? '')};\n`);
    return `        {\n${settings.join('')}        }`;
  });
  const boards = hardware && `    hardware-compatibility: [ ${hardware.map(libconfigText).join(', ')} ];\n`;
  return `software =\n{\n    version = ${libconfigText(version)};\n${boards ?? ''}    images: (\n${items.join(',\n')}\n    );\n}\n`;
}
