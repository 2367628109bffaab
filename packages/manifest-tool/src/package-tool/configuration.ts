import { isMooringError } from '@mooring/platform';
import type { ArgumentFile } from '../argument-file.ts';
import { readYaml } from '../schema-3/config.ts';
import { type Objection, objectionTo, pythonRepr } from '../schema-3/config-check.ts';
import type { Schema } from '../schema-3/config-schema.ts';
import { packageToolErrors } from './errors.ts';

/** One image as the config has it. */
export interface ConfiguredImage {
  /** Path of the image, relative to the current folder. */
  readonly file_name: string;
  readonly sub_comp_name: string;
  readonly vendor_data: string;
}

const imageSchema: Schema = {
  type: 'object',
  required: ['sub_comp_name', 'vendor_data', 'file_name'],
  properties: {
    file_name: { type: 'string', minLength: 1 },
    sub_comp_name: { type: 'string', minLength: 1, pattern: '^[0-9a-zA-Z_.-]*$' },
    vendor_data: { type: 'string', minLength: 1 },
  },
};

/** A package is for devices of several sub-components; for one there are plain images. */
const minImages = 2;

/** The first thing that is wrong, in the words that the old tool has from Python's jsonschema. */
function objectionToConfig(value: unknown): Objection | undefined {
  const outer = objectionTo(value, { type: 'object', required: ['images'] });
  if (outer) return outer;
  const { images } = value as { images: unknown };
  const path = ['images'];
  if (!Array.isArray(images)) return { message: `${pythonRepr(images)} is not of type 'array'`, path };
  if (images.length < minImages) return { message: `${pythonRepr(images)} is too short`, path };
  for (const [index, image] of images.entries()) {
    const found = objectionTo(image, imageSchema, [...path, String(index)]);
    if (found) return found;
  }
  return undefined;
}

/**
 * Reads and checks a config: YAML, of which JSON is a part. Keys that it need not have are left alone.
 *
 * @throws MooringError `package.config.malformed`, `package.config.invalid`
 */
export function readConfiguration(config: ArgumentFile): readonly ConfiguredImage[] {
  const value = contentOf(config);
  const objection = objectionToConfig(value);
  if (!objection) return (value as { images: readonly ConfiguredImage[] }).images;
  const at = objection.path.join('.');
  throw packageToolErrors('package.config.invalid', {
    message: objection.message,
    next: `Mend ${at ? `"${at}" in ` : ''}${config.file}: it lists at least ${minImages} images, each with file_name, sub_comp_name (of 0-9, a-z, A-Z, "_", "." and "-") and vendor_data, all texts.`,
    data: { path: config.file, at },
  });
}

function contentOf(config: ArgumentFile): unknown {
  try {
    return readYaml(config);
  } catch (error) {
    if (!isMooringError(error)) throw error;
    throw packageToolErrors('package.config.malformed', {
      message: error.message,
      next: 'Mend the file; in YAML, texts with one of ":#{}[]&*!|>%@" are best put in quotes.',
      cause: error,
      ...(error.data ? { data: error.data } : {}),
    });
  }
}

/**
 * The bytes of vendor data: ISO-8859-1, as the old tool writes it and devices have it.
 *
 * @throws MooringError `package.vendor.data.unwritable`
 */
export function vendorDataBytes({ sub_comp_name, vendor_data }: ConfiguredImage): Uint8Array {
  const letter = [...vendor_data].find((one) => (one.codePointAt(0) as number) > 0xff);
  if (letter === undefined) return new Uint8Array(Buffer.from(vendor_data, 'latin1'));
  throw packageToolErrors('package.vendor.data.unwritable', {
    message: `Can't encode string '${letter}' with 'iso-8859-1' codec`,
    next: `The vendor_data of ${sub_comp_name} holds it; use letters of Western European languages, or write the data as hexadecimal digits or base64.`,
    data: { image: sub_comp_name, letter },
  });
}
