import type { FilterFields } from '@mooring/rest';
import type { RouteShorthandOptions } from 'fastify';
import type { Permission } from '../accounts/permissions.ts';
import { type SchemaName, schemaRef } from './schemas.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a caller must be allowed to; null for a route that is open to everyone. Every route says it. */
    permission?: Permission | null;
    /** Parameters for the OpenAPI page; requests are read by the list parser, which knows the clients' quirks. */
    parameters?: Readonly<Record<string, unknown>>;
    bodyOptional?: boolean;
    /** Open to everyone, and still only to the pages of this service: it makes or ends a session. */
    sameSite?: boolean;
    /** Other callers are refused: it is about the caller itself. */
    only?: 'api-key' | 'user';
    /** A page asks by itself: it does not prolong a session. */
    background?: boolean;
    /** Body for the OpenAPI page of a route that reads its body itself. */
    describedBody?: SchemaName;
    /** The body may take as long as it comes at all. */
    upload?: boolean;
  }
}

export interface Operation {
  /** operationId of the published contract. */
  id: string;
  tag:
    | 'Account'
    | 'Overview'
    | 'Audit'
    | 'Sessions'
    | 'Users'
    | 'Invitations'
    | 'Policy groups'
    | 'API keys'
    | 'Developer certificates'
    | 'Device certificates'
    | 'Trusted certificates'
    | 'Server credentials'
    | 'Devices'
    | 'Device events'
    | 'Device groups'
    | 'Device queries'
    | 'Enrollments'
    | 'Pre-shared keys'
    | 'Metrics'
    | 'Device requests'
    | 'Notification channels'
    | 'Subscriptions'
    | 'Firmware images'
    | 'Update manifests'
    | 'Update certificates'
    | 'Update campaigns';
  summary: string;
  description?: string;
  /** Null for one that is open to everyone, who then has to be a page of this service. */
  permission: Permission | null;
  /** For this kind of caller alone: it is about the caller itself. */
  only?: 'api-key' | 'user';
  /** A page asks by itself: it does not prolong a session. */
  background?: boolean;
  body?: SchemaName;
  bodyOptional?: boolean;
  /** Body of a route that reads it itself. */
  rawBody?: SchemaName;
  /** The body may be large. */
  upload?: boolean;
  /** Status of success, 200 if absent. */
  status?: 200 | 201 | 202 | 204;
  answer?: SchemaName;
  /** The answer is a text, or nothing at all. */
  plain?: boolean;
  /** Parameters besides those of a list. */
  query?: Readonly<Record<string, unknown>>;
  /** What an `:id` in the path names. */
  path?: Readonly<Record<string, string>>;
  /** Errors besides 401, 403 and, with a body or a list, 400. */
  errors?: readonly (400 | 404 | 409 | 413 | 423 | 429)[];
  /** The route is a list of entities with these fields to filter on. */
  list?: FilterFields;
  /** What `include` can name. */
  include?: readonly string[];
}

const listParameters = {
  limit: {
    type: 'integer',
    default: 50,
    description: 'Entities per page, 2 to 1000; more or less is brought into range.',
  },
  after: { type: 'string', description: 'Id of the last entity of the page before.' },
  before: {
    type: 'string',
    description: 'Id of the first entity of the page behind; the page has those before it, in the same order.',
  },
  order: { type: 'string', enum: ['ASC', 'DESC'], default: 'ASC', description: 'By time of creation.' },
  filter: {
    type: 'string',
    description: 'The conditions in one parameter, URL-encoded: `name__eq=a&status__neq=b`.',
  },
};

const operatorNote: Readonly<Record<string, string>> = {
  string: 'Also with __neq, __in, __nin.',
  text: 'Also with __neq, __in, __nin, __like (a part, in any case).',
  integer: 'Also with __neq, __in, __nin, __lte, __gte.',
  boolean: 'Also with __neq.',
  time: 'Also with __neq, __in, __nin, __lte, __gte.',
};

function parametersOf({ list, include = [] }: Operation): Record<string, unknown> {
  const extras = list === undefined ? include : ['total_count', ...include];
  const kinds: Readonly<Record<string, string>> = { integer: 'integer', boolean: 'boolean' };
  return {
    ...(list === undefined ? {} : listParameters),
    ...(extras.length === 0
      ? {}
      : { include: { type: 'string', description: `Extras, with commas: ${extras.join(', ')}.` } }),
    ...Object.fromEntries(
      Object.entries(list ?? {}).map(([field, kind]) => [
        `${field}__eq`,
        { type: kinds[kind] ?? 'string', description: operatorNote[kind] ?? '' },
      ]),
    ),
  };
}

const errorMeaning: Readonly<Record<number, string>> = {
  400: 'The request is wrong; the fields are named.',
  401: 'The API key or the session is missing, wrong, inactive or over.',
  403: 'The API key or the user may not do this, or a limit is reached.',
  404: 'There is no such thing in the account.',
  409: 'The name is taken, or what is there does not allow it.',
  413: 'The file is larger than any that is taken.',
  429: 'Too many attempts; the header Retry-After says for how long to wait.',
  423: 'The device is not connected, or cannot do it.',
};

/** What Fastify needs to know of a route, from what the contract says of it. */
export function operation(described: Operation): RouteShorthandOptions {
  const { status = 200, answer, body, errors = [], path = {} } = described;
  const parameters = { ...parametersOf(described), ...described.query };
  const isRead = body !== undefined || described.rawBody !== undefined || Object.keys(parameters).length > 0;
  const isOpen = described.permission === null;
  const refusals = [...(isRead ? [400] : []), ...(isOpen && body === undefined ? [] : [401, 403]), ...errors];
  return {
    config: {
      permission: described.permission,
      ...(isOpen && body !== undefined ? { sameSite: true } : {}),
      ...(Object.keys(parameters).length > 0 ? { parameters } : {}),
      ...(described.only === undefined ? {} : { only: described.only }),
      ...(described.background ? { background: true } : {}),
      ...(described.bodyOptional ? { bodyOptional: true } : {}),
      ...(described.rawBody === undefined ? {} : { describedBody: described.rawBody }),
      ...(described.upload ? { upload: true } : {}),
    },
    schema: {
      operationId: described.id,
      tags: [described.tag],
      summary: described.summary,
      ...(described.description === undefined ? {} : { description: described.description }),
      security: isOpen ? [] : [{ Bearer: [] }, { Session: [] }],
      ...(Object.keys(path).length === 0
        ? {}
        : {
            params: {
              type: 'object',
              properties: Object.fromEntries(
                Object.entries(path).map(([name, description]) => [name, { type: 'string', description }]),
              ),
            },
          }),
      ...(body === undefined ? {} : { body: schemaRef(body) }),
      response: {
        ...(described.plain
          ? {}
          : { [status]: answer === undefined ? { type: 'null', description: 'Done.' } : schemaRef(answer) }),
        ...Object.fromEntries(
          refusals.map((code) => [code, { description: errorMeaning[code], ...schemaRef('ErrorResponse') }]),
        ),
      },
    },
  };
}
