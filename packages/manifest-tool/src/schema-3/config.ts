import { classIdOf, vendorIdOf } from '@mooring/credentials';
import type { PayloadFormatV3 } from '@mooring/manifest';
import { parse as parseYaml, YAMLParseError } from 'yaml';
import type { ArgumentFile } from '../argument-file.ts';
import { pyYamlTypes } from '../python/yaml-types.ts';
import { objectionTo } from './config-check.ts';
import { configSchema, type Schema } from './config-schema.ts';
import { configErrors } from './errors.ts';

/** A config file whose form is right. */
export interface Config {
  readonly vendor: { domain?: string; 'vendor-id'?: string; 'custom-data-path'?: string };
  readonly device: { 'model-name'?: string; 'class-id'?: string };
  readonly priority?: number;
  readonly payload: {
    url: string;
    'file-path': string;
    format: PayloadFormatV3;
    encrypted?: { digest: string; size: number };
  };
  readonly component?: string;
  readonly 'sign-image'?: boolean;
  readonly 'signing-tool'?: string;
}

/**
 * Reads YAML as PyYAML does (version 1.1, so that `yes` is true); JSON is a part of it. Of equal keys the last counts.
 *
 * @throws MooringError `config.malformed`
 */
export function readYaml({ file, data }: ArgumentFile): unknown {
  try {
    return parseYaml(Buffer.from(data).toString('utf8'), {
      version: '1.1',
      customTags: pyYamlTypes,
      uniqueKeys: false,
      logLevel: 'error',
    });
  } catch (cause) {
    if (!(cause instanceof YAMLParseError) && !(cause instanceof ReferenceError)) throw cause;
    const at = cause instanceof YAMLParseError ? cause.linePos?.[0] : undefined;
    const where = at ? `${file}, line ${at.line}, column ${at.col}` : file;
    throw configErrors('config.malformed', {
      message: `${where} is not YAML: ${cause.message.split('\n', 1)[0]?.replace(/ at line \d+, column \d+:?$/, '')}.`,
      next: 'Mend the file; `manifest-tool schema` prints what it may say.',
      cause,
      data: { path: file, ...(at ? { line: at.line, column: at.col } : {}) },
    });
  }
}

/** For schema v1 the priority is one of the things that may be left out. */
const schemaV1: Schema = {
  ...configSchema,
  required: (configSchema.required ?? []).filter((name) => name !== 'priority'),
};

/** @throws MooringError `config.invalid` */
export function checkedConfig(value: unknown, file: string, manifestSchema: 'v1' | 'v3'): Config {
  const objection = objectionTo(value, manifestSchema === 'v1' ? schemaV1 : configSchema);
  if (!objection) return value as Config;
  throw configErrors('config.invalid', {
    message: objection.message,
    next: `Mend ${objection.path.length > 0 ? `"${objection.path.join('.')}" in ` : ''}${file}; \`manifest-tool schema\` prints what it may say.`,
    data: { path: file, at: objection.path.join('.') },
  });
}

/** The pattern of the schema is searched for only, so that ids of more digits come this far. */
function idOf(hex: string, name: string): Uint8Array {
  if (/^[0-9a-fA-F]{32}$/.test(hex)) return new Uint8Array(Buffer.from(hex, 'hex'));
  throw configErrors('config.uuid.invalid', {
    message: 'badly formed hexadecimal UUID string',
    next: `"${name}" has to be exactly 32 hexadecimal digits; it is "${hex}".`,
    data: { name, value: hex },
  });
}

export function vendorIdIn({ vendor }: Config): Uint8Array {
  if (vendor.domain === undefined) return idOf(vendor['vendor-id'] ?? '', 'vendor.vendor-id');
  if (/^\S+\.\S+$/.test(vendor.domain)) return vendorIdOf(vendor.domain);
  throw configErrors('config.domain.invalid', {
    message: 'invalid vendor_domain',
    next: `"vendor.domain" has to be a domain name such as example.com; it is "${vendor.domain}".`,
    data: { value: vendor.domain },
  });
}

export function classIdIn({ device }: Config, vendorId: Uint8Array): Uint8Array {
  const model = device['model-name'];
  return model === undefined ? idOf(device['class-id'] ?? '', 'device.class-id') : classIdOf(vendorId, model);
}
