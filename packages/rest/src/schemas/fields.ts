import { type Static, type TSchema, Type } from 'typebox';

/** 32 lower-case hex digits; sorts by creation (docs: ids). */
export const Id = (description: string) =>
  Type.String({ description, pattern: '^[a-f0-9]{32}$', examples: ['01619571e2e90242ac12000600000000'] });

/** RFC 3339, UTC, whole seconds: `2018-02-13T09:35:20Z`. */
export const Time = (description: string) =>
  Type.String({ description, format: 'date-time', examples: ['2018-02-13T09:35:20Z'] });

export const Milliseconds = (description: string) =>
  Type.Integer({ description, minimum: 0, examples: [1518630727683] });

/** A small decimal number as text, counted up with each change. */
export const Etag = () => Type.String({ description: 'Version of this entity.', examples: ['1'] });

/**
 * The same schema that takes null as well. Written as `type: [..., 'null']` and not as a union, so that a wrong
 * value is told in one sentence instead of one per branch.
 */
export function Nullable<Schema extends TSchema>(schema: Schema) {
  const { type, enum: values, ...rest } = schema as Record<string, unknown>;
  return Type.Unsafe<Static<Schema> | null>({
    type: [type, 'null'],
    ...(values === undefined ? {} : { enum: [...(values as unknown[]), null] }),
    ...rest,
  });
}

/** One of these words. */
export function OneOf<const Words extends readonly [string, ...string[]]>(words: Words, description: string) {
  return Type.Unsafe<Words[number]>({ type: 'string', enum: [...words], description });
}

export const Text = (description: string, maxLength = 100) => Type.String({ description, maxLength });

/** A name that a person gives: not empty, not only blanks, and nothing that would upset a terminal. */
export const Name = (description: string) =>
  Type.String({ description, minLength: 1, maxLength: 100, pattern: '^(?=.*\\S)[^\\u0000-\\u001f\\u007f]*$' });

/** The expression of the published contract; the address itself is judged by who sends mail to it. */
export const Email = (description: string) => Type.String({ description, pattern: '^(?=.{3,254}$).+@.+' });

/** RFC 3339, UTC, with six digits of a fraction, as the directory has them: `2017-05-22T12:37:55.576563Z`. */
export const FineTime = (description: string) =>
  Type.String({ description, format: 'date-time', examples: ['2017-05-22T12:37:55.576563Z'] });

/** A day: `2017-05-22`. */
export const Day = (description: string) =>
  Type.String({ description, format: 'date', pattern: '^\\d{4}-\\d{2}-\\d{2}$', examples: ['2036-11-22'] });

/** The version of an entity of the directory: the time of its last change. */
export const TimeEtag = () => FineTime('Version of this entity: the time of its last change.');

/** A map of texts whose keys and values a person chose. */
export const CustomAttributes = (description: string, most: number) =>
  Type.Unsafe<Record<string, string>>({
    type: 'object',
    maxProperties: most,
    propertyNames: { pattern: '^[A-Za-z].*', maxLength: 128 },
    additionalProperties: { type: 'string', maxLength: 128 },
    description,
  });

/** A text of any length up to a bound, without characters that would upset a terminal; line breaks are fine. */
export const Prose = (description: string, maxLength: number) =>
  Type.String({ description, maxLength, pattern: '^[^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f]*$' });

/** A text of one line. */
export const Line = (description: string, maxLength: number) =>
  Type.String({ description, maxLength, pattern: '^[^\\u0000-\\u001f\\u007f]*$' });
