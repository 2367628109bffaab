import { Readable } from 'node:stream';
import type { BulkResponse, EnrollmentId, EnrollmentIdentity } from '@mooring/rest';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { fileOf, formConventions } from '../../http/form.ts';
import { listBody, listQueryOf } from '../../http/list-request.ts';
import { operation } from '../../http/operation.ts';
import { ownAddress } from '../../http/own-address.ts';
import { fineTimeText } from '../../http/time-text.ts';
import type { Domain } from '../../storage/context.ts';
import { createEnrolment, deleteEnrolment, type Enrolment, getEnrolment, listEnrolments } from './enrolment.ts';
import { createEnrolmentJob, type EnrolmentJob, getEnrolmentJob } from './jobs.ts';
import { enrolmentReport } from './report.ts';

const tag = 'Enrollments';

/** What the old service takes. */
const largestFile = 10 * 1024 * 1024;

const enrolmentBody = (enrolment: Enrolment): EnrollmentIdentity => ({
  object: 'enrollment',
  id: enrolment.id,
  etag: String(enrolment.etag),
  account_id: enrolment.account_id,
  enrollment_identity: enrolment.identity,
  enrolled_device_id: enrolment.device_id,
  claimed_at: enrolment.claimed_at === null ? null : fineTimeText(enrolment.claimed_at),
  expires_at: enrolment.expires_at === null ? null : fineTimeText(enrolment.expires_at),
  created_at: fineTimeText(enrolment.created_at),
});

const path = { id: 'Id of the enrolment.' };
type OfId = { Params: { id: string } };

export function enrolmentRoutes(app: FastifyInstance, domain: Domain): void {
  app.get(
    '/v3/device-enrollments',
    operation({
      id: 'getDeviceEnrollments',
      tag,
      summary: 'The enrolments of the account, waiting and claimed.',
      permission: 'enrollments:read',
      answer: 'EnrollmentIdentities',
      list: {},
    }),
    async (request) =>
      listBody(await listEnrolments(domain, request.actor, listQueryOf(request.url, {})), enrolmentBody),
  );

  app.post<{ Body: EnrollmentId }>(
    '/v3/device-enrollments',
    operation({
      id: 'createDeviceEnrollment',
      tag,
      summary: 'Expect a device: it is let in where its trusted certificate asks for enrolment.',
      permission: 'enrollments:write',
      body: 'EnrollmentId',
      status: 201,
      answer: 'EnrollmentIdentity',
      errors: [409],
    }),
    async (request, reply) => {
      reply.code(201);
      return enrolmentBody(await createEnrolment(domain, request.actor, request.body.enrollment_identity));
    },
  );

  app.get<OfId>(
    '/v3/device-enrollments/:id',
    operation({
      id: 'getDeviceEnrollment',
      tag,
      summary: 'An enrolment.',
      permission: 'enrollments:read',
      path,
      answer: 'EnrollmentIdentity',
      errors: [404],
    }),
    async (request) => enrolmentBody(await getEnrolment(domain, request.actor, request.params.id)),
  );

  app.delete<OfId>(
    '/v3/device-enrollments/:id',
    operation({
      id: 'deleteDeviceEnrollment',
      tag,
      summary: 'Delete an enrolment: its device is not let in again.',
      permission: 'enrollments:write',
      path,
      status: 204,
      errors: [404],
    }),
    async (request, reply) => {
      await deleteEnrolment(domain, request.actor, request.params.id);
      reply.code(204);
    },
  );

  app.register(async (forms) => {
    await formConventions(forms, largestFile);
    bulkRoutes(forms, domain);
  });
}

const bulks = {
  upload: { base: '/v3/device-enrollments-bulk-uploads', name: 'DeviceEnrollment', object: 'uploads' },
  delete: { base: '/v3/device-enrollments-bulk-deletes', name: 'DeviceEnrollmentDelete', object: 'deletes' },
} as const;

function bulkBody(job: EnrolmentJob, request: FastifyRequest): BulkResponse {
  const done = job.status === 'completed';
  const { base, object } = bulks[job.kind];
  const own = `${ownAddress(request)}${base}/${job.id}`;
  return {
    object: `enrollment-identity-bulk-${object}`,
    id: job.id,
    etag: String(job.etag),
    account_id: job.account_id,
    status: job.status,
    total_count: job.total_count,
    processed_count: job.processed_count,
    errors_count: job.errors_count,
    full_report_file: done ? `${own}/full-report.csv` : null,
    errors_report_file: done ? `${own}/errors-report.csv` : null,
    created_at: fineTimeText(job.created_at),
    completed_at: job.completed_at === null ? null : fineTimeText(job.completed_at),
  };
}

function bulkRoutes(app: FastifyInstance, domain: Domain): void {
  for (const kind of ['upload', 'delete'] as const) {
    const { base, name } = bulks[kind];
    const ofJob = { id: 'Id of the work.' };

    app.post(
      base,
      operation({
        id: kind === 'upload' ? 'createBulkDeviceEnrollment' : 'deleteBulkDeviceEnrollment',
        tag,
        summary: `${kind === 'upload' ? 'Enrol all devices' : 'Delete the enrolments of all devices'} of a CSV file.`,
        description:
          'A form with the file `enrollment_identities`, 10 MB at most. Its first line is a header; the first value of every other line is an identity.',
        permission: 'enrollments:write',
        status: 201,
        answer: 'BulkResponse',
        errors: [400, 413],
      }),
      async (request, reply) => {
        const file = await fileOf(request, 'enrollment_identities');
        reply.code(201);
        return bulkBody(await createEnrolmentJob(domain, request.actor, kind, file), request);
      },
    );

    app.get<OfId>(
      `${base}/:id`,
      operation({
        id: `getBulk${name}`,
        tag,
        summary: `How far a bulk ${kind} has come.`,
        permission: 'enrollments:read',
        path: ofJob,
        answer: 'BulkResponse',
        errors: [404],
      }),
      async (request) => bulkBody(await getEnrolmentJob(domain, request.actor, kind, request.params.id), request),
    );

    for (const [report, failedOnly] of [
      ['full', false],
      ['errors', true],
    ] as const) {
      app.get<OfId>(
        `${base}/:id/${report}-report.csv`,
        operation({
          id: `getBulk${name}${failedOnly ? 'Errors' : 'Full'}Report`,
          tag,
          summary: `What came of ${failedOnly ? 'those identities that failed' : 'every identity'}, as CSV.`,
          permission: 'enrollments:read',
          path: ofJob,
          plain: true,
          errors: [404],
        }),
        async (request, reply) => {
          const job = await getEnrolmentJob(domain, request.actor, kind, request.params.id);
          reply.type('text/csv; charset=utf-8');
          return reply.send(Readable.from(enrolmentReport(domain, job, failedOnly)));
        },
      );
    }
  }
}
