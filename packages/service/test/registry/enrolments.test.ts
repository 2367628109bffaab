import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { operator } from '../../src/accounts/index.ts';
import { enrolmentIdentity } from '../../src/bootstrap/index.ts';
import { csvLine, identityLines } from '../../src/registry/enrolments/csv.ts';
import {
  createEnrolmentJob,
  EnrolmentJobs,
  enrolmentJobs,
  forgetEnrolmentJobs,
} from '../../src/registry/enrolments/jobs.ts';
import { defaultLimits } from '../../src/serve/settings.ts';
import { domainOf } from '../../src/storage/context.ts';
import { openStorage } from '../../src/storage/index.ts';
import { type Fixture, service } from '../http/service-fixture.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const identity = (index: number) => enrolmentIdentity(index.toString(16).padStart(64, '0'));

/** A form with one file, as curl sends it. */
function form(content: string, name = 'enrollment_identities') {
  const boundary = 'x-boundary-x';
  return {
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
    body: `--${boundary}\r\nContent-Disposition: form-data; name="${name}"; filename="e.csv"\r\nContent-Type: text/csv\r\n\r\n${content}\r\n--${boundary}--\r\n`,
  };
}

async function bulk({ request, domain }: Fixture, kind: 'uploads' | 'deletes', content: string) {
  const sent = await request('POST', `/v3/device-enrollments-bulk-${kind}`, form(content));
  assert.equal(sent.status, 201, sent.text);
  await enrolmentJobs(domain).idle();
  return (await request('GET', `/v3/device-enrollments-bulk-${kind}/${sent.body.id}/`)).body;
}

/** The path of an address that an answer gives. */
const pathOf = (address: string) => new URL(address).pathname;

test('an enrolment is made, listed, read and deleted', async (t) => {
  const { request, accountId } = await service(t);
  const created = await request('POST', '/v3/device-enrollments/', { body: { enrollment_identity: identity(1) } });
  assert.equal(created.status, 201, created.text);
  const { id } = created.body;
  assert.deepEqual(created.body, {
    object: 'enrollment',
    id,
    etag: '1',
    account_id: accountId,
    enrollment_identity: identity(1),
    enrolled_device_id: null,
    claimed_at: null,
    expires_at: null,
    created_at: '2026-11-22T20:02:45.500000Z',
  });
  await request('POST', '/v3/device-enrollments', {
    body: { enrollment_identity: identity(2).toLowerCase().replace('a-', 'A-') },
  });
  const list = (await request('GET', '/v3/device-enrollments?limit=2')).body;
  assert.deepEqual([list.total_count, list.data.length, list.data[0]], [2, 2, created.body]);
  assert.deepEqual((await request('GET', `/v3/device-enrollments/${id}`)).body, created.body);
  for (const [body, status] of [
    [{ enrollment_identity: identity(2) }, 409],
    [{ enrollment_identity: 'A-1' }, 400],
    [{ enrollment_identity: `A-${'Z'.repeat(95)}` }, 400],
    [{}, 400],
  ] as const) {
    const { status: answered, body: error } = await request('POST', '/v3/device-enrollments', { body });
    assert.equal(answered, status, JSON.stringify(body));
    assert.equal(error.fields[0].name, 'enrollment_identity');
  }
  assert.equal((await request('DELETE', `/v3/device-enrollments/${id}`)).status, 204);
  assert.equal((await request('GET', `/v3/device-enrollments/${id}`)).status, 404);
  assert.equal((await request('DELETE', `/v3/device-enrollments/${id}`)).status, 404);
});

test('the identities of a file, as old files write them', () => {
  for (const [what, content, expected] of [
    ['nothing', '', []],
    ['a header alone', 'identity, notes', []],
    ['the first line is passed over, whatever it is', `${identity(1)}\n${identity(2)}`, [identity(2)]],
    ['quotation marks and a comma', `h\n"${identity(1)}",\n"${identity(2)}"`, [identity(1), identity(2)]],
    ['all line ends', `h\r\n${identity(1)}\r${identity(2)}\n${identity(3)}`, [identity(1), identity(2), identity(3)]],
    ['what follows the comma', `h\n${identity(1)}, This text is "ignored",`, [identity(1)]],
    ['blanks around', `h\n \t${identity(1)}   , x\n  "${identity(2)}"   , y`, [identity(1), identity(2)]],
    ['lines and values that are empty', 'h\n\n,,\n, a blank line\n   \n', []],
    ['empty quotation marks are an identity, and a wrong one', 'h\n""', ['']],
    ['blanks inside quotation marks stay', `h\n" ${identity(1)} "`, [` ${identity(1)} `]],
  ] as const) {
    const lines = identityLines(Buffer.from(content));
    assert.deepEqual(
      lines.map((line) => line.identity),
      expected,
      what,
    );
  }
  assert.deepEqual(identityLines(Buffer.from('h\n\na\n')), [{ line: 3, identity: 'a' }]);
  assert.deepEqual(
    identityLines(Buffer.from('\ufeffh\na\n')).map((line) => line.identity),
    ['a'],
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      for (const { line, identity: found } of identityLines(bytes)) {
        assert.ok(line > 1);
        assert.ok(!/[\r\n]/.test(found));
      }
    }),
  );
  assert.equal(csvLine(['a', 'say "b"', '']), '"a","say ""b""",""\r\n');
});

test('a file of identities is enrolled, what fails is told line by line', async (t) => {
  const fixture = await service(t);
  const { request } = fixture;
  await request('POST', '/v3/device-enrollments', { body: { enrollment_identity: identity(7) } });
  const job = await bulk(
    fixture,
    'uploads',
    `h\n"${identity(1)}",\n${identity(7)}\n\nA_wrong\n${identity(2)}, x\n${identity(1)}`,
  );
  const { id } = job;
  assert.deepEqual(
    { ...job, id: '', full_report_file: '', errors_report_file: '' },
    {
      object: 'enrollment-identity-bulk-uploads',
      id: '',
      etag: '2',
      account_id: fixture.accountId,
      status: 'completed',
      total_count: 5,
      processed_count: 5,
      errors_count: 3,
      full_report_file: '',
      errors_report_file: '',
      created_at: '2026-11-22T20:02:45.500000Z',
      completed_at: '2026-11-22T20:02:45.500000Z',
    },
  );
  assert.match(
    job.full_report_file,
    /^http:\/\/[^/]+\/v3\/device-enrollments-bulk-uploads\/[0-9a-f]{32}\/full-report\.csv$/,
  );
  const full = await request('GET', pathOf(job.full_report_file));
  assert.match(String(full.headers['content-type']), /^text\/csv/);
  assert.deepEqual(full.text.split('\r\n'), [
    '"entity__id","entity__created_at","error__code","error__type","error__message","error__fields"',
    `"${identity(1)}","2026-11-22T20:02:45.500Z","","","",""`,
    `"${identity(7)}","","409","duplicate","Enrollment identity is already claimed.",""`,
    '"A_wrong","","400","validation_error","Is no enrollment identity.",""',
    `"${identity(2)}","2026-11-22T20:02:45.500Z","","","",""`,
    `"${identity(1)}","","409","duplicate","Enrollment identity is already claimed.",""`,
    '',
  ]);
  const errors = await request('GET', pathOf(job.errors_report_file));
  assert.equal(errors.text.split('\r\n').length, 5);
  assert.match(errors.text, /^"entity__id","error__code"/);
  assert.equal((await request('GET', '/v3/device-enrollments')).body.total_count, 3);
  assert.equal((await request('GET', `/v3/device-enrollments-bulk-deletes/${id}`)).status, 404, 'the other kind');

  const gone = await bulk(fixture, 'deletes', `h\n${identity(1)}\n${identity(9)}`);
  assert.deepEqual([gone.object, gone.errors_count], ['enrollment-identity-bulk-deletes', 1]);
  assert.match(
    (await request('GET', pathOf(gone.full_report_file))).text,
    /"entity__deleted_at"[\s\S]*"404","not_found"/,
  );
  assert.equal((await request('GET', '/v3/device-enrollments')).body.total_count, 2);
});

test('what is no form with a file is refused', async (t) => {
  const { request } = await service(t);
  const good = form('h\n');
  for (const [what, options, status] of [
    ['JSON', { body: { a: 1 } }, 415],
    ['another field', form('h\n', 'other'), 400],
    ['no boundary', { ...good, headers: { 'content-type': 'multipart/form-data' } }, 400],
    ['cut off', { ...good, body: good.body.slice(0, 120) }, 400],
    ['too large', form(`h\n${'x'.repeat(11 * 1024 * 1024)}`), 413],
  ] as const) {
    const answer = await request('POST', '/v3/device-enrollments-bulk-uploads', options);
    assert.equal(answer.status, status, `${what}: ${answer.text}`);
    assert.equal(answer.body.object, 'error', what);
  }
});

test('a file beyond the limit is enrolled as far as there is room', async (t) => {
  const fixture = await service(t, { limits: { ...defaultLimits, enrollments: 2 } });
  const job = await bulk(fixture, 'uploads', `h\n${[1, 2, 3].map(identity).join('\n')}`);
  assert.deepEqual([job.processed_count, job.errors_count], [3, 1]);
  const { status } = await fixture.request('POST', '/v3/device-enrollments', {
    body: { enrollment_identity: identity(9) },
  });
  assert.equal(status, 403);
});

test('a file goes on where it was when the service comes back, and its report is forgotten in time', async (t) => {
  const fixture = await service(t);
  const folder = join(temporaryFolder(t), 'data');
  const reopen = async () =>
    domainOf({ ...fixture.domain, storage: await openStorage({ folder, clock: fixture.clock }) });
  let domain = await reopen();
  const row = await fixture.domain.storage.db.selectFrom('accounts').selectAll().executeTakeFirstOrThrow();
  await domain.storage.db.insertInto('accounts').values(row).execute();
  const actor = operator(row.id);
  const file = Buffer.from(`h\n${Array.from({ length: 700 }, (_, index) => identity(index)).join('\n')}`);
  const { id } = await createEnrolmentJob(domain, actor, 'upload', file);
  // Ends after the batch that it is at.
  await enrolmentJobs(domain).stop();
  const stateOf = () =>
    domain.storage.db.selectFrom('enrolment_jobs').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  const before = await stateOf();
  assert.ok(before.processed_count < 700);
  await domain.storage.close();

  domain = await reopen();
  const jobs = new EnrolmentJobs(domain);
  jobs.wake();
  await jobs.idle();
  const after = await stateOf();
  assert.deepEqual([after.status, after.processed_count, after.errors_count, after.input], ['completed', 700, 0, null]);
  const { rows } = await domain.storage.db
    .selectFrom('enrolments')
    .select(({ fn }) => fn.countAll<number>().as('rows'))
    .executeTakeFirstOrThrow();
  assert.equal(Number(rows), 700);
  assert.equal(await forgetEnrolmentJobs(domain, fixture.clock.now().getTime()), 0);
  assert.equal(await forgetEnrolmentJobs(domain, fixture.clock.now().getTime() + 1), 1);
  assert.equal(await domain.storage.db.selectFrom('enrolment_job_lines').selectAll().executeTakeFirst(), undefined);
  await domain.storage.close();
});

test('denials are listed by certificate and by name', async (t) => {
  const { request, domain, accountId } = await service(t);
  const [a, b] = ['a'.repeat(32), 'b'.repeat(32)];
  const add = (id: string, endpoint_name: string, trusted_certificate_id: string | null) =>
    domain.storage.db
      .insertInto('denials')
      .values({
        id,
        account_id: accountId,
        endpoint_name,
        trusted_certificate_id,
        reason: 'not-enrolled',
        fingerprint: null,
        address: '192.0.2.1',
        attempts: 3,
        created_at: 0,
        last_at: 1000,
      })
      .execute();
  await add(a, 'node-1', b);
  await add(b, 'node-2', null);
  for (const [query, expected] of [
    ['', [a, b]],
    [`?trusted_certificate_id__eq=${b}`, [a]],
    [`?trusted_certificate_id__eq=${b}&endpoint_name__eq=node-2`, []],
    ['?endpoint_name__eq=node-2', [b]],
    ['?filter=reason%3Dnot-enrolled&order=DESC', [b, a]],
  ] as const) {
    const { body } = await request('GET', `/v3/device-enrollment-denials${query}`);
    assert.deepEqual(
      body.data.map(({ id }: { id: string }) => id),
      expected,
      query,
    );
  }
  assert.deepEqual((await request('GET', `/v3/device-enrollment-denials/${a}/`)).body, {
    object: 'denied_device',
    id: a,
    account_id: accountId,
    endpoint_name: 'node-1',
    trusted_certificate_id: b,
    reason: 'not-enrolled',
    attempts: 3,
    created_at: '1970-01-01T00:00:00.000000Z',
    last_attempt_at: '1970-01-01T00:00:01.000000Z',
  });
  assert.equal((await request('GET', '/v3/device-enrollment-denials/x')).status, 404);
});
