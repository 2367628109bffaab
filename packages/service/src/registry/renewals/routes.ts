import type { CertificateEnrollment } from '@mooring/rest';
import type { FastifyInstance } from 'fastify';
import { operation } from '../../http/operation.ts';
import { timeText } from '../../http/time-text.ts';
import { invalidFields } from '../../http/validation.ts';
import type { Domain } from '../../storage/context.ts';
import { type CertificateRenewals, type Renewal, renewCertificate } from './renewal.ts';

const renewalBody = (renewal: Renewal): CertificateEnrollment => ({
  object: 'certificate-enrollment',
  id: renewal.id,
  etag: String(renewal.etag),
  device_id: renewal.device_id,
  certificate_name: renewal.certificate_name,
  enroll_status: renewal.status,
  enroll_result: renewal.result,
  enroll_result_detail: renewal.detail,
  created_at: timeText(renewal.created_at),
  updated_at: timeText(renewal.updated_at),
});

export function renewalRoutes(app: FastifyInstance, domain: Domain, renewals: CertificateRenewals): void {
  app.post<{ Params: { device_id: string; certificate_name: string } }>(
    '/v3/devices/:device_id/certificates/:certificate_name/renew',
    operation({
      id: 'RequestCertificateRenewal',
      tag: 'Devices',
      summary: 'Ask a device to renew one of its certificates.',
      permission: 'devices:write',
      path: {
        device_id: 'Id of the device.',
        certificate_name: 'Name of the certificate on the device: `LWM2M`, `customer.dlms`.',
      },
      status: 201,
      answer: 'CertificateEnrollment',
      errors: [400, 404, 409, 423],
    }),
    async (request, reply) => {
      const { device_id, certificate_name } = request.params;
      if (!/^[\w.-]{1,50}$/.test(certificate_name)) {
        throw invalidFields([
          { name: 'certificate_name', message: 'Has to be 1 to 50 letters, digits, dots and dashes.' },
        ]);
      }
      reply.code(201);
      return renewalBody(await renewCertificate(domain, request.actor, renewals, device_id, certificate_name));
    },
  );
}
