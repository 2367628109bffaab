import type { Command } from '@mooring/terminal';
import { logging } from './verbosity.ts';

export const schemaCommand: Command = {
  name: 'schema',
  summary: 'Print what a config file of create and create-v1 may say, as a JSON schema.',
  description: 'Prints the JSON schema (draft 7) that config files are checked with.',
  run: logging(async (context) => {
    const { configSchema } = await import('./config-schema.ts');
    if (!context.json) context.output.line(JSON.stringify(configSchema, null, 2));
    return configSchema;
  }),
};
