import { loadSchemas } from '@mooring/rest';
import type { TSchema } from 'typebox';

/** The schemas of all bodies: loaded once, with this module. */
export const schemas = await loadSchemas();

/** Name of a body in the contract. */
export type SchemaName = Exclude<keyof typeof schemas, 'ListOf'>;

export const schemaRef = (name: SchemaName): { $ref: string } => ({ $ref: `${name}#` });

/** Every schema that has a name of its own. */
export const namedSchemas: TSchema[] = Object.values(schemas).filter((schema) => typeof schema === 'object');
