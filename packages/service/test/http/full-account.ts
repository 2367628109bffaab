import { createRequest, generateKeyPair, pemOf } from '@mooring/pki';
import { sql } from 'kysely';
import { DenialRecorder } from '../../src/registry/index.ts';
import { administrator } from '../sessions/browser.ts';
import type { Fixture } from './service-fixture.ts';

/** Of the account of a fixture: one of everything that a path can name. */
export interface FullAccount {
  /** A route's path with the ids of this account in it. A parameter that is not known here fails. */
  pathOf(url: string): string;
  /** All ids and other names that only this account has. */
  readonly ids: readonly string[];
  /** All rows of the account, for comparing. */
  everything(): Promise<unknown>;
}

export async function fullAccount(fixture: Fixture): Promise<FullAccount> {
  const { request, domain, accountId } = fixture;
  const made = async (url: string, body: object): Promise<{ id: string; [field: string]: string }> => {
    const answer = await request('POST', url, { body });
    if (answer.status >= 300) throw new Error(`${url}: ${answer.status} ${answer.text}`);
    return answer.body;
  };
  const ada = await administrator(fixture);
  const me = (await ada.ask('GET', '/v3/users/me')).body;
  const key = await made('/v3/api-keys', { name: 'mine' });
  const group = await made('/v3/policy-groups', { name: 'Mine' });
  const invitation = await made('/v3/user-invitations', { email: 'mine@example.com' });
  const developer = await made('/v3/developer-certificates', { name: 'mine' });
  const { privateKey } = generateKeyPair();
  const csr = pemOf('CERTIFICATE REQUEST', createRequest({ subject: { commonName: 'mine-1' }, key: privateKey }));
  const certificate = await made('/v3/device-certificates', { endpoint_name: 'mine-1', csr });
  const device = await made('/v3/devices', { name: 'mine', custom_attributes: { owner: 'me' } });
  const deviceGroup = await made('/v3/device-groups', { name: 'mine' });
  await request('POST', `/v3/device-groups/${deviceGroup.id}/devices/add`, { body: { device_id: device.id } });
  const query = await made('/v3/device-queries', { name: 'mine', query: 'state__eq=registered' });
  const identity = `A-${'AB:'.repeat(31)}AB`;
  const enrolment = await made('/v3/device-enrollments', { enrollment_identity: identity });
  await request('POST', '/v2/device-shared-keys', {
    body: { endpoint_name: 'mine-endpoint-0001', secret_hex: '0x'.padEnd(34, '5') },
  });
  const denials = new DenialRecorder(domain, (error) => {
    throw error;
  });
  await denials.record({ accountId, endpointName: 'stranger', reason: 'not-enrolled' });
  const form =
    '--x\r\nContent-Disposition: form-data; name="enrollment_identities"; filename="a.csv"\r\n\r\nid\r\nA-1\r\n--x--\r\n';
  const job = await request('POST', '/v3/device-enrollments-bulk-uploads', {
    body: form,
    headers: { 'content-type': 'multipart/form-data; boundary=x' },
  });
  const { db } = domain.storage;
  const oneOf = async (table: 'device_events' | 'denials') =>
    (await db.selectFrom(table).select('id').where('account_id', '=', accountId).executeTakeFirstOrThrow()).id;

  const jobId = job.body.id as string;
  /** By how the path begins, where parameters have one name for different things. */
  const named: readonly [begins: string, values: Readonly<Record<string, string>>][] = [
    ['/v3/device-enrollments-bulk', { id: jobId }],
    ['/v3/device-enrollments/', { id: enrolment.id }],
    ['/v3/devices/', { id: device.id, device_id: device.id, certificate_name: 'mine' }],
    ['', { device_id: device.id, endpoint_name: 'mine-endpoint-0001', apikey_id: key.id, group_id: group.id }],
    ['', { developerCertificateId: developer.id, cert_id: developer.id, certificate_id: certificate.id }],
    ['', { device_group_id: deviceGroup.id, query_id: query.id, invitation_id: invitation.id, user_id: me.id }],
    ['', { session_id: me.active_sessions[0].reference_token, device_event_id: await oneOf('device_events') }],
    ['', { device_enrollment_denial_id: await oneOf('denials'), passkey_id: me.id }],
  ];
  const valueFor = (url: string, name: string): string => {
    const found = named.find(([begins, values]) => url.startsWith(begins) && name in values)?.[1][name];
    if (found === undefined) throw new Error(`${url}: full-account.ts has nothing for :${name}`);
    return found;
  };
  return {
    pathOf: (url) => url.replace(/:(\w+)/g, (_, name: string) => valueFor(url, name)).replace('*', '3/0/0'),
    ids: [
      ...new Set(named.flatMap(([, values]) => Object.values(values)).filter((value) => value.length > 16)),
      accountId,
      identity,
      'mine@example.com',
    ],
    everything: async () => {
      const { rows: tables } = await sql<{ name: string }>`select name from sqlite_master where type = 'table'`.execute(
        db,
      );
      const all: Record<string, unknown> = {};
      for (const { name } of tables) {
        const columns = await sql<{ name: string }>`select name from pragma_table_info(${name})`.execute(db);
        // How much the service is used is no part of what an account has.
        if (name === 'usage_counts' || !columns.rows.some((column) => column.name === 'account_id')) continue;
        all[name] = (await sql`select * from ${sql.table(name)} where account_id = ${accountId}`.execute(db)).rows;
      }
      return all;
    },
  };
}
