import type { BlackListedDeviceData } from '@mooring/rest';
import type { FastifyInstance } from 'fastify';
import { listBody, listQueryOf } from '../../http/list-request.ts';
import { operation } from '../../http/operation.ts';
import { fineTimeText } from '../../http/time-text.ts';
import type { Domain } from '../../storage/context.ts';
import { type Denial, denialFilters, getDenial, listDenials } from './denial.ts';

const denialBody = (denial: Denial): BlackListedDeviceData => ({
  object: 'denied_device',
  id: denial.id,
  account_id: denial.account_id,
  endpoint_name: denial.endpoint_name,
  trusted_certificate_id: denial.trusted_certificate_id,
  reason: denial.reason,
  attempts: denial.attempts,
  created_at: fineTimeText(denial.created_at),
  last_attempt_at: fineTimeText(denial.last_at),
});

export function denialRoutes(app: FastifyInstance, domain: Domain): void {
  app.get(
    '/v3/device-enrollment-denials',
    operation({
      id: 'listEnrollmentDenialAttempts',
      tag: 'Enrollments',
      summary: 'Devices that were not let in, and why.',
      permission: 'enrollments:read',
      answer: 'DenialAttemptsResponse',
      list: denialFilters,
    }),
    async (request) =>
      listBody(await listDenials(domain, request.actor, listQueryOf(request.url, denialFilters)), denialBody),
  );

  app.get<{ Params: { device_enrollment_denial_id: string } }>(
    '/v3/device-enrollment-denials/:device_enrollment_denial_id',
    operation({
      id: 'getEnrollmentDenialAttempt',
      tag: 'Enrollments',
      summary: 'One of these records.',
      permission: 'enrollments:read',
      path: { device_enrollment_denial_id: 'Id of the record.' },
      answer: 'BlackListedDeviceData',
      errors: [404],
    }),
    async (request) => denialBody(await getDenial(domain, request.actor, request.params.device_enrollment_denial_id)),
  );
}
