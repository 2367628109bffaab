import { type ListOfPreSharedKeysWithoutSecret, type PreSharedKeyWithoutSecret, parseListQuery } from '@mooring/rest';
import type { FastifyInstance } from 'fastify';
import { isId } from '../../accounts/ids.ts';
import { objectOf, plainConventions } from '../../connect/body.ts';
import { Refusal } from '../../connect/refusal.ts';
import { searchOf } from '../../http/list-request.ts';
import { operation } from '../../http/operation.ts';
import { fineTimeText } from '../../http/time-text.ts';
import type { Domain } from '../../storage/context.ts';
import {
  createPreSharedKey,
  deletePreSharedKey,
  getPreSharedKey,
  listPreSharedKeys,
  type PreSharedKey,
} from './pre-shared-key.ts';

const tag = 'Pre-shared keys';
const base = '/v2/device-shared-keys';
const one = `${base}/:endpoint_name`;
const path = { endpoint_name: 'Endpoint name of the device.' };
type OfKey = { Params: { endpoint_name: string } };

const isName = (name: unknown): name is string => typeof name === 'string' && /^[ -~]{16,64}$/.test(name);

const secretOf = (hex: unknown): Uint8Array | undefined => {
  const digits = typeof hex === 'string' ? /^(?:0[xX])?((?:[0-9a-fA-F]{2}){16,32})$/.exec(hex)?.[1] : undefined;
  return digits === undefined ? undefined : new Uint8Array(Buffer.from(digits, 'hex'));
};

const keyBody = ({ endpoint_name, created_at }: PreSharedKey): PreSharedKeyWithoutSecret => ({
  endpoint_name,
  created_at: fineTimeText(created_at),
});

/** As in all of /v2, errors are texts that programs compare. */
export async function preSharedKeyRoutes(app: FastifyInstance, domain: Domain): Promise<void> {
  plainConventions(app, 64 * 1024);

  app.get(
    base,
    operation({
      id: 'listPreSharedKeys',
      tag,
      summary: 'The devices that have a pre-shared key.',
      permission: 'pre-shared-keys:read',
      query: {
        limit: { type: 'integer', default: 50, description: 'Keys per page, 2 to 1000.' },
        after: { type: 'string', description: 'The `continuation_marker` of the page before.' },
      },
      answer: 'ListOfPreSharedKeysWithoutSecret',
    }),
    async (request): Promise<ListOfPreSharedKeysWithoutSecret> => {
      const { query, problems } = parseListQuery(searchOf(request.url), {});
      if (problems.length > 0) throw new Refusal(400, 'INVALID_LIMIT');
      if (query.after !== null && !isId(query.after)) throw new Refusal(400, 'TOKEN_NOT_FOUND');
      const page = await listPreSharedKeys(domain, request.actor, { ...query, order: 'ASC' });
      return {
        object: 'list',
        limit: query.limit,
        after: query.after,
        order: 'ASC',
        has_more: page.hasMore,
        continuation_marker: page.hasMore ? (page.items.at(-1)?.id ?? null) : null,
        data: page.items.map(keyBody),
      };
    },
  );

  app.post(
    base,
    operation({
      id: 'uploadPreSharedKey',
      tag,
      summary: 'Give a device a pre-shared key. One that is there has to be deleted first.',
      permission: 'pre-shared-keys:write',
      rawBody: 'PreSharedKey',
      status: 201,
      plain: true,
      errors: [409],
    }),
    async (request, reply) => {
      const { endpoint_name, secret_hex } = objectOf(request);
      const secret = secretOf(secret_hex);
      if (!isName(endpoint_name)) {
        throw new Refusal(400, secret ? 'INVALID_ENDPOINT_NAME' : 'INVALID_ENDPOINT_NAME,INVALID_SECRET_HEX');
      }
      if (!secret) throw new Refusal(400, 'INVALID_SECRET_HEX');
      const made = await createPreSharedKey(domain, request.actor, endpoint_name, secret);
      if (!made) throw new Refusal(409, 'KEY_ALREADY_EXISTS_FOR_ENDPOINT');
      return reply.code(201).send();
    },
  );

  app.get<OfKey>(
    one,
    operation({
      id: 'getPreSharedKey',
      tag,
      summary: 'Whether a device has a pre-shared key. The key itself is not told.',
      permission: 'pre-shared-keys:read',
      path,
      answer: 'PreSharedKeyWithoutSecret',
      errors: [400, 404],
    }),
    async (request) => {
      const { endpoint_name } = request.params;
      if (!isName(endpoint_name)) throw new Refusal(400, 'INVALID_ENDPOINT_NAME');
      const key = await getPreSharedKey(domain, request.actor, endpoint_name);
      if (!key) throw new Refusal(404, 'KEY_NOT_FOUND');
      return keyBody(key);
    },
  );

  app.delete<OfKey>(
    one,
    operation({
      id: 'deletePreSharedKey',
      tag,
      summary: 'Take the pre-shared key of a device away, if it has one.',
      permission: 'pre-shared-keys:write',
      path,
      status: 204,
      errors: [400],
    }),
    async (request, reply) => {
      const { endpoint_name } = request.params;
      if (!isName(endpoint_name)) throw new Refusal(400, 'INVALID_ENDPOINT_NAME');
      await deletePreSharedKey(domain, request.actor, endpoint_name);
      reply.code(204);
    },
  );
}
