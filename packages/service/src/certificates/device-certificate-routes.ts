import type { DeviceCertificateReq, DeviceCertificateResp, FilterFields } from '@mooring/rest';
import type { FastifyInstance } from 'fastify';
import { listBody, listQueryOf } from '../http/list-request.ts';
import { operation } from '../http/operation.ts';
import { timeText } from '../http/time-text.ts';
import type { Domain } from '../storage/context.ts';
import {
  type DeviceCertificate,
  deleteDeviceCertificate,
  getDeviceCertificate,
  issueDeviceCertificate,
  listDeviceCertificates,
} from './device-certificates.ts';

const filters: FilterFields = {
  id: 'string',
  endpoint_name: 'string',
  certificate_fingerprint: 'string',
  key_id: 'string',
};

const body = (one: DeviceCertificate): DeviceCertificateResp => ({
  object: 'device-certificate',
  id: one.id,
  etag: String(one.etag),
  account_id: one.accountId,
  owner_id: one.ownerId,
  endpoint_name: one.endpointName,
  certificate: one.certificate.pem,
  certificate_fingerprint: one.certificate.fingerprint,
  key_id: one.keyId,
  created_at: timeText(one.createdAt),
  updated_at: timeText(one.updatedAt),
});

const tag = 'Device certificates';
const path = { certificate_id: 'Id of the certificate.' };
type OfOne = { Params: { certificate_id: string } };

/** Ours: the old service had nothing of the kind. */
export function deviceCertificateRoutes(app: FastifyInstance, domain: Domain): void {
  app.post<{ Body: DeviceCertificateReq }>(
    '/v3/device-certificates',
    operation({
      id: 'createDeviceCertificate',
      tag,
      summary: 'Issue the certificate of one device for a key that it made itself.',
      description:
        'The same request again gives the same certificate. A name that another key has is refused, unless `replaces` names its certificate, which is then revoked.',
      permission: 'device-certificates:write',
      body: 'DeviceCertificateReq',
      status: 201,
      answer: 'DeviceCertificateResp',
      errors: [409],
    }),
    async (request, reply) => {
      const { endpoint_name: endpointName, csr, replaces } = request.body;
      reply.code(201);
      return body(await issueDeviceCertificate(domain, request.actor, { endpointName, request: csr, replaces }));
    },
  );

  app.get(
    '/v3/device-certificates',
    operation({
      id: 'listDeviceCertificates',
      tag,
      summary: 'The certificates of devices that have a key of their own.',
      permission: 'device-certificates:read',
      answer: 'DeviceCertificateRespList',
      list: filters,
    }),
    async (request) =>
      listBody(await listDeviceCertificates(domain, request.actor, listQueryOf(request.url, filters)), body),
  );

  app.get<OfOne>(
    '/v3/device-certificates/:certificate_id',
    operation({
      id: 'getDeviceCertificate',
      tag,
      summary: 'The certificate of one device.',
      permission: 'device-certificates:read',
      path,
      answer: 'DeviceCertificateResp',
      errors: [404],
    }),
    async (request) => body(await getDeviceCertificate(domain, request.actor, request.params.certificate_id)),
  );

  app.delete<OfOne>(
    '/v3/device-certificates/:certificate_id',
    operation({
      id: 'deleteDeviceCertificate',
      tag,
      summary: 'Revoke the certificate of one device, which can bootstrap with it no longer.',
      permission: 'device-certificates:write',
      path,
      status: 204,
      errors: [404],
    }),
    async (request, reply) => {
      await deleteDeviceCertificate(domain, request.actor, request.params.certificate_id);
      reply.code(204);
    },
  );
}
