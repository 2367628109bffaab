import { fixedClock } from '@mooring/platform';
import type { FastifyInstance, InjectOptions } from 'fastify';
import { createApiKey, firstStart, operator } from '../../src/accounts/index.ts';
import { createHttpServer } from '../../src/http/index.ts';
import { openVault } from '../../src/keys/vault.ts';
import { defaultLimits, type ServiceSettings } from '../../src/serve/settings.ts';
import { type Domain, domainOf } from '../../src/storage/context.ts';
import { openStorage } from '../../src/storage/index.ts';

export interface Fixture {
  domain: Domain;
  clock: ReturnType<typeof fixedClock>;
  app: FastifyInstance;
  accountId: string;
  /** Whole keys of an administrator and of a developer. */
  admin: string;
  developer: string;
  request(
    method: InjectOptions['method'],
    url: string,
    options?: { key?: string | null; body?: unknown; headers?: Record<string, string> },
  ): Promise<Answer>;
}

export interface Answer {
  status: number;
  reason: string;
  headers: Record<string, string | number | string[] | undefined>;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever was answered
  body: any;
}

/** A service in memory that stands still at 2026-11-22T20:02:45Z, with an account and two keys. */
export async function service(
  test: { after(done: () => Promise<void>): void },
  settings: Partial<ServiceSettings> = {},
): Promise<Fixture> {
  const clock = fixedClock('2026-11-22T20:02:45.500Z');
  const domain = domainOf({
    storage: await openStorage({ folder: ':memory:', clock }),
    vault: openVault(new Uint8Array(32).fill(7)),
    clock,
    settings: {
      publicHost: 'service.example',
      bootstrapPort: 5684,
      lwm2mPort: 5685,
      limits: defaultLimits,
      // As little as there can be: what it costs is no matter here.
      passwordCost: { memory: 8, passes: 1 },
      ...settings,
    },
  });
  const { accountId } = await firstStart(domain, { displayName: 'Acme' });
  const admin = (await createApiKey(domain, operator(accountId), { name: 'admin' })).key;
  const developer = (await createApiKey(domain, operator(accountId), { name: 'developer', groups: ['Developers'] }))
    .key;
  const app = createHttpServer(domain);
  test.after(async () => {
    await app.close();
    await domain.storage.close();
  });
  return {
    domain,
    clock,
    app,
    accountId,
    admin,
    developer,
    async request(method, url, { key = admin, body, headers = {} } = {}) {
      const answer = await app.inject({
        method: method ?? 'GET',
        url,
        headers: {
          ...(key === null ? {} : { authorization: `Bearer ${key}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const text = answer.payload;
      return {
        status: answer.statusCode,
        reason: answer.statusMessage,
        headers: answer.headers,
        text,
        body:
          text.startsWith('{') && !/jsonl/.test(String(answer.headers['content-type'])) ? JSON.parse(text) : undefined,
      };
    },
  };
}
