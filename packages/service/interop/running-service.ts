import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@mooring/platform';
import { createApiKey, firstStart, operator } from '../src/accounts/index.ts';
import { activeAuthority, issueHttpsCertificate } from '../src/certificates/index.ts';
import { createHttpServer } from '../src/http/index.ts';
import { openVault } from '../src/keys/vault.ts';
import { defaultLimits } from '../src/serve/settings.ts';
import { type Domain, domainOf } from '../src/storage/context.ts';
import { openStorage } from '../src/storage/index.ts';

export interface RunningService {
  /** `http://127.0.0.1:…` */
  http: string;
  /** The same service over TLS, for clients that know nothing else. */
  https: string;
  /** PEM file of the HTTPS CA. */
  caFile: string;
  folder: string;
  accountId: string;
  /** A key of the administrators. */
  key: string;
  /** For what devices do. */
  domain: Domain;
  /** `METHOD url status` of everything that was asked, in order. */
  log: string[];
}

/** A service on a database on disk, with both kinds of listeners, for a peer that is no part of this process. */
export async function runningService(test: { after(done: () => Promise<void>): void }): Promise<RunningService> {
  const folder = await mkdtemp(join(tmpdir(), 'mooring-interop-'));
  const domain = domainOf({
    storage: await openStorage({ folder: join(folder, 'data'), clock: systemClock }),
    vault: openVault(new Uint8Array(32).fill(1)),
    clock: systemClock,
    settings: { publicHost: 'localhost', bootstrapPort: 5684, lwm2mPort: 5685, limits: defaultLimits },
  });
  const { accountId } = await firstStart(domain);
  const { key } = await createApiKey(domain, operator(accountId), { name: 'interop' });
  const plain = createHttpServer(domain);
  const secure = createHttpServer(domain, {
    https: await issueHttpsCertificate(domain, accountId, ['localhost', '127.0.0.1']),
  });
  const log: string[] = [];
  const ports: number[] = [];
  for (const app of [plain, secure]) {
    app.addHook('onResponse', async (request, reply) => {
      log.push(`${request.method} ${request.url} ${reply.statusCode}`);
    });
    await app.listen({ port: 0, host: '127.0.0.1' });
    ports.push((app.server.address() as AddressInfo).port);
  }
  const caFile = join(folder, 'ca.pem');
  await writeFile(caFile, (await activeAuthority(domain, accountId, 'https')).certificate.pem);
  test.after(async () => {
    await Promise.all([plain.close(), secure.close()]);
    await domain.storage.close();
    await rm(folder, { recursive: true });
  });
  return {
    http: `http://127.0.0.1:${ports[0]}`,
    https: `https://localhost:${ports[1]}`,
    caFile,
    folder,
    accountId,
    domain,
    key,
    log,
  };
}
