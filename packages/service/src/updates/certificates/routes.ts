import { parseCertificate } from '@mooring/pki';
import type { UpdateCertificate as CertificateBody, UpdateCertificateReq } from '@mooring/rest';
import type { FastifyInstance } from 'fastify';
import { listBody, listQueryOf } from '../../http/list-request.ts';
import { operation } from '../../http/operation.ts';
import { fineTimeText } from '../../http/time-text.ts';
import type { Domain } from '../../storage/context.ts';
import {
  createUpdateCertificate,
  deleteUpdateCertificate,
  getUpdateCertificate,
  listUpdateCertificates,
  type UpdateCertificate,
  updateCertificateFilters,
} from './certificate.ts';

function certificateBody(row: UpdateCertificate): CertificateBody {
  const { pem, subjectText } = parseCertificate(row.certificate);
  return {
    object: 'update-certificate',
    id: row.id,
    etag: fineTimeText(row.updated_at),
    name: row.name,
    certificate: pem,
    certificate_fingerprint: row.fingerprint,
    subject: subjectText,
    validity: fineTimeText(row.not_after),
    created_at: fineTimeText(row.created_at),
    updated_at: fineTimeText(row.updated_at),
  };
}

const tag = 'Update certificates';
const base = '/v3/update-certificates';
const path = { update_certificate_id: 'Id of the certificate.' };
type OfCertificate = { Params: { update_certificate_id: string } };

export function updateCertificateRoutes(app: FastifyInstance, domain: Domain): void {
  app.get(
    base,
    operation({
      id: 'listUpdateCertificates',
      tag,
      summary: 'The update certificates of the account.',
      permission: 'firmware:read',
      answer: 'UpdateCertificatePage',
      list: updateCertificateFilters,
    }),
    async ({ actor, url }) =>
      listBody(
        await listUpdateCertificates(domain, actor, listQueryOf(url, updateCertificateFilters)),
        certificateBody,
      ),
  );

  app.post<{ Body: UpdateCertificateReq }>(
    base,
    operation({
      id: 'createUpdateCertificate',
      tag,
      summary: 'Add an update certificate: from then on manifests have to be signed with one that was added.',
      permission: 'update-certificates:write',
      body: 'UpdateCertificateReq',
      status: 201,
      answer: 'UpdateCertificate',
      errors: [409],
    }),
    async (request, reply) => {
      reply.code(201);
      return certificateBody(await createUpdateCertificate(domain, request.actor, request.body));
    },
  );

  app.get<OfCertificate>(
    `${base}/:update_certificate_id`,
    operation({
      id: 'getUpdateCertificate',
      tag,
      summary: 'An update certificate.',
      permission: 'firmware:read',
      path,
      answer: 'UpdateCertificate',
      errors: [404],
    }),
    async ({ actor, params }) =>
      certificateBody(await getUpdateCertificate(domain, actor, params.update_certificate_id)),
  );

  app.delete<OfCertificate>(
    `${base}/:update_certificate_id`,
    operation({
      id: 'deleteUpdateCertificate',
      tag,
      summary: 'Take an update certificate away; manifests that were uploaded stay.',
      permission: 'update-certificates:write',
      path,
      status: 204,
      errors: [404],
    }),
    async (request, reply) => {
      await deleteUpdateCertificate(domain, request.actor, request.params.update_certificate_id);
      reply.code(204);
    },
  );
}
