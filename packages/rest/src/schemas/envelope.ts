import { type Static, type TSchema, Type } from 'typebox';
import { OneOf } from './fields.ts';

export const ErrorResponse = Type.Object(
  {
    object: OneOf(['error'], 'Always `error`.'),
    code: Type.Integer({ description: 'The HTTP status.', examples: [400] }),
    type: Type.String({
      description: 'Kind of error, stable: `validation_error`, `invalid_auth`, `forbidden`, `not_found`, `duplicate` …',
    }),
    message: Type.String({ description: 'A sentence for a person.' }),
    request_id: Type.String({ description: 'Equal to the header X-Request-ID.' }),
    fields: Type.Array(
      Type.Object({
        name: Type.String({ description: 'Field of the body or query parameter.' }),
        message: Type.String({ description: 'What is wrong with it.' }),
      }),
      { description: 'What was wrong with the request, field by field; empty where no field is to blame.' },
    ),
  },
  { $id: 'ErrorResponse', description: 'Every answer with a status from 400 on.' },
);
export type ErrorResponse = Static<typeof ErrorResponse>;

/** The list envelope around entities of one kind. */
export function ListOf<Item extends TSchema>(id: string, item: Item) {
  return Type.Object(
    {
      object: OneOf(['list'], 'Always `list`.'),
      limit: Type.Integer({ description: 'Number of entities that was asked for, 2 to 1000.' }),
      after: Type.Unsafe<string | null>({
        type: ['string', 'null'],
        description: 'Id after which this page begins; null for the first page.',
      }),
      before: Type.Optional(Type.String({ description: 'Id before which this page ends, if it was asked for.' })),
      order: OneOf(['ASC', 'DESC'], 'By time of creation.'),
      has_more: Type.Boolean({
        description: 'There are entities after the last one of this page; with `before`, before the first one.',
      }),
      total_count: Type.Optional(
        Type.Integer({ description: 'Number of all entities that match, with `include=total_count`.' }),
      ),
      data: Type.Unsafe<Static<Item>[]>({ type: 'array', items: Type.Ref((item as unknown as { $id: string }).$id) }),
    },
    { $id: id },
  );
}
