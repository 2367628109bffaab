import fastJsonStringify, { type Schema } from 'fast-json-stringify';
import type { FastifySerializerCompiler } from 'fastify';
import { namedSchemas } from './schemas.ts';

type Serialize = (body: unknown) => string;

const schemasById = Object.fromEntries(
  namedSchemas.map((schema) => [(schema as unknown as { $id: string }).$id, schema as Schema]),
);

const kept = new Map<string, Serialize>();

function serializerOf(name: string, schema: object): Serialize {
  let serialize = kept.get(name);
  if (!serialize) {
    serialize = fastJsonStringify(schema, { schema: schemasById }) as Serialize;
    kept.set(name, serialize);
  }
  return serialize;
}

/**
 * Makes bodies as their schemas say, which leaves out what no schema names. One serializer per body, made when it is first
 * needed: Fastify would make one per route and status, each of them over all schemas, at every start.
 */
export const lazySerializers: FastifySerializerCompiler<{ $ref?: string }> = ({ schema }) => {
  const name = schema.$ref;
  return name === undefined ? JSON.stringify : (body) => serializerOf(name, schema)(body);
};
