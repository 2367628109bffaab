import { payloadFormatsV3 } from '@mooring/manifest';

/** The part of JSON Schema (draft 7) that the config needs. */
export interface Schema {
  readonly $schema?: string;
  readonly title?: string;
  readonly description?: string;
  readonly type?: 'object' | 'string' | 'integer' | 'boolean';
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly oneOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly minimum?: number;
  readonly default?: unknown;
  readonly if?: Schema;
  readonly then?: Schema;
}

const text = (description: string): Schema => ({ type: 'string', minLength: 1, description });
const id = (description: string): Schema => ({ type: 'string', pattern: '[0-9a-fA-F]{32}', description });

const encryptedFormats = Object.keys(payloadFormatsV3).filter((format) => format.startsWith('encrypted-'));

/** What a config file of `create` and `create-v1` may say; keys that it does not name are left alone. */
export const configSchema: Schema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'Config of manifest-tool create and create-v1',
  description: 'YAML or JSON. Paths are relative to the current folder. For create-v1 the priority may be left out.',
  type: 'object',
  required: ['vendor', 'device', 'priority', 'payload'],
  properties: {
    vendor: {
      description: 'Who made the device: a domain that the vendor id is derived from, or the id itself.',
      type: 'object',
      oneOf: [{ required: ['vendor-id'] }, { required: ['domain'] }],
      properties: {
        domain: text('A domain name of the vendor, such as example.com.'),
        'vendor-id': id('The vendor id: 32 hexadecimal digits.'),
        'custom-data-path': text('A file whose content the application on the device is given.'),
      },
    },
    device: {
      description: 'What kind of device it is: a model name that the class id is derived from, or the id itself.',
      type: 'object',
      oneOf: [{ required: ['model-name'] }, { required: ['class-id'] }],
      properties: {
        'model-name': text('A model name.'),
        'class-id': id('The class id: 32 hexadecimal digits.'),
      },
    },
    priority: { type: 'integer', minimum: 0, description: 'How urgent the update is, for the application to judge.' },
    payload: {
      description: 'The image, and where devices get it.',
      type: 'object',
      required: ['url', 'file-path', 'format'],
      properties: {
        url: text('The address that devices download from.'),
        'file-path': text('A local copy of the image; for a delta the delta, with its .yaml file beside it.'),
        format: { description: 'What the image is.', enum: Object.keys(payloadFormatsV3) },
        encrypted: {
          description: 'The image as it is downloaded, where that is not as it is installed.',
          type: 'object',
          required: ['digest', 'size'],
          properties: {
            digest: { type: 'string', pattern: '[0-9a-fA-F]{64}', description: 'SHA-256 of the encrypted image.' },
            size: { type: 'integer', minimum: 1, description: 'Bytes of the encrypted image.' },
          },
        },
      },
      if: { properties: { format: { enum: encryptedFormats } } },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      then: { required: ['encrypted'] },
    },
    component: {
      ...text('Schema v3: the part of the device that is updated.'),
      default: 'MAIN',
    },
    'sign-image': {
      type: 'boolean',
      description: 'Schema v3: also sign the installed image, for boot loaders that check it.',
    },
    'signing-tool': text('A program that signs in place of a key file. It is run as: TOOL sha256 KEY INPUT OUTPUT.'),
  },
};
