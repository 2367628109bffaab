import { createRequest, generateKeyPair, pemOf } from '@mooring/pki';
import { type Kysely, sql } from 'kysely';
import { newId } from '../../src/accounts/index.ts';
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

  const updates = await updateThings(fixture, device.id);
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
    ['', updates],
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

/** Of updates, without uploading anything. */
async function updateThings({ domain, accountId }: Fixture, deviceId: string): Promise<Record<string, string>> {
  // Columns that may be empty stay out, which the types of the tables do not know.
  const db = domain.storage.db as unknown as Kysely<Record<string, Record<string, unknown>>>;
  const at = domain.clock.now().getTime();
  const base = () => ({ id: newId(domain.clock), account_id: accountId, created_at: at, updated_at: at });
  const named = { name: 'mine', description: null };
  const [image, job, manifest, certificate, campaign, device] = [base(), base(), base(), base(), base(), base()];
  const link = { blob: 'none', link: 'mine-image', file_name: 'a.bin', checksum: '0', size: 1, expires_at: null };
  await db
    .insertInto('firmware_images')
    .values({ ...image, ...named, ...link })
    .execute();
  await db
    .insertInto('upload_jobs')
    .values({ ...job, ...named, status: 'in_progress', size: 0, firmware_image_id: null })
    .execute();
  const rest = { data: new Uint8Array(1), size: 1, link: 'mine-manifest', schema_version: '1' };
  await db
    .insertInto('firmware_manifests')
    .values({ ...manifest, ...named, ...rest })
    .execute();
  const fingerprint = 'ef'.repeat(32);
  await db
    .insertInto('update_certificates')
    .values({ ...certificate, name: 'mine', certificate: new Uint8Array(1), fingerprint, not_after: at })
    .execute();
  const counts = { pending_count: 0, success_count: 0, failed_count: 0, skipped_count: 0, wave: 0 };
  const plan = {
    device_filter: 'id__eq=1',
    strategy: 'one-shot',
    approval_required: 0,
    autostop: 1,
    autostop_percent: 1,
  };
  await db
    .insertInto('update_campaigns')
    .values({ ...campaign, ...named, ...plan, ...counts, state: 'draft', phase: 'draft' })
    .execute();
  const state = { progress: 'done', status: 'fail', event_type: 'UPD4_FAIL_101', wave: 0, attempts: 1 };
  await db
    .insertInto('campaign_devices')
    .values({ ...device, ...state, campaign_id: campaign.id, device_id: deviceId })
    .execute();
  return {
    image_id: image.id,
    upload_job_id: job.id,
    chunk_id: '1',
    manifest_id: manifest.id,
    update_certificate_id: certificate.id,
    campaign_id: campaign.id,
    campaign_device_metadata_id: device.id,
    summary_status_id: 'fail',
    event_type_id: 'UPD4_FAIL_101',
  };
}
