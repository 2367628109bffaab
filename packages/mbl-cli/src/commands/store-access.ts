import type { RestClient } from '@mooring/rest';
import { type Access, accessOf } from '../cloud/access.ts';
import type { Stores } from '../stores/stores.ts';
import { type Session, text } from './session.ts';

export const serviceOption = {
  flags: ['--service'],
  name: 'service',
  metavar: 'URL',
  help: 'The Device Management service, instead of the one saved with the API key.',
} as const;

/** Runs `work` with a client for the service, and says with `-v` where URL and key come from. */
export async function withService<T>(
  session: Session,
  stores: Stores,
  values: Readonly<Record<string, unknown>>,
  work: (client: RestClient, access: Access) => Promise<T>,
): Promise<T> {
  const access = await accessOf(await stores.user.read(), session, text(values.service));
  session.remark(`Service: ${access.url} (from ${access.urlFrom}), API key from ${access.keyFrom}.`);
  const { clientFor } = await import('../cloud/client.ts');
  const client = clientFor(access, session.signal);
  try {
    return await work(client, access);
  } catch (error) {
    throw session.signal.aborted ? (await import('../interrupted.ts')).interrupted() : error;
  } finally {
    client.close();
  }
}
