import type {
  CredentialsResponseData,
  DeveloperCertificateRequestData,
  FilterFields,
  TrustedCertificateReq,
  TrustedCertificateUpdateReq,
} from '@mooring/rest';
import type { FastifyInstance } from 'fastify';
import { listBody, listQueryOf } from '../http/list-request.ts';
import { operation } from '../http/operation.ts';
import type { Domain } from '../storage/context.ts';
import { developerCertificateBody, serverCredentialsBody, trustedCertificateBody } from './bodies.ts';
import { createDeveloperCertificate, getDeveloperCertificate } from './developer-certificates.ts';
import { deviceCertificateRoutes } from './device-certificate-routes.ts';
import { serverCredentials } from './server-credentials.ts';
import {
  createTrustedCertificate,
  deleteTrustedCertificate,
  getTrustedCertificate,
  listTrustedCertificates,
  updateTrustedCertificate,
} from './trusted-certificates.ts';

const filters: FilterFields = {
  id: 'string',
  name: 'string',
  service: 'string',
  expire: 'integer',
  owner: 'string',
  enrollment_mode: 'boolean',
  status: 'string',
  valid: 'boolean',
  device_execution_mode: 'integer',
  issuer: 'text',
  subject: 'text',
};

const trustedId = { cert_id: 'Id of the certificate.' };
type OfTrusted = { Params: { cert_id: string } };

/** The contract's name of a field under our rules' name; what is not given stays out. */
const enrollment = (mode: boolean | undefined) => (mode === undefined ? {} : { enrollmentMode: mode });

export function certificateRoutes(app: FastifyInstance, domain: Domain): void {
  developerCertificateRoutes(app, domain);
  trustedCertificateRoutes(app, domain);
  serverCredentialRoutes(app, domain);
  deviceCertificateRoutes(app, domain);
}

function developerCertificateRoutes(app: FastifyInstance, domain: Domain): void {
  app.post<{ Body: DeveloperCertificateRequestData }>(
    '/v3/developer-certificates',
    operation({
      id: 'createDeveloperCertificate',
      tag: 'Developer certificates',
      summary: 'Make a developer certificate with its key and the C file for devices.',
      permission: 'developer-certificates:write',
      body: 'DeveloperCertificateRequestData',
      status: 201,
      answer: 'DeveloperCertificateResponseData',
      errors: [409],
    }),
    async (request, reply) => {
      const { name, description = null } = request.body;
      reply.code(201);
      return developerCertificateBody(await createDeveloperCertificate(domain, request.actor, { name, description }));
    },
  );

  app.get<{ Params: { developerCertificateId: string } }>(
    '/v3/developer-certificates/:developerCertificateId',
    operation({
      id: 'getDeveloperCertificate',
      tag: 'Developer certificates',
      summary: 'A developer certificate with its key and the C file for devices.',
      permission: 'developer-certificates:read',
      path: { developerCertificateId: 'Id of the certificate.' },
      answer: 'DeveloperCertificateResponseData',
      errors: [404],
    }),
    async (request) =>
      developerCertificateBody(
        await getDeveloperCertificate(domain, request.actor, request.params.developerCertificateId),
      ),
  );
}

function trustedCertificateRoutes(app: FastifyInstance, domain: Domain): void {
  app.get(
    '/v3/trusted-certificates',
    operation({
      id: 'getAllCertificates',
      tag: 'Trusted certificates',
      summary: 'All certificates whose devices are let in; developer certificates are among them.',
      permission: 'trusted-certificates:read',
      answer: 'TrustedCertificateRespList',
      list: filters,
    }),
    async (request) =>
      listBody(
        await listTrustedCertificates(domain, request.actor, listQueryOf(request.url, filters)),
        trustedCertificateBody,
      ),
  );

  app.post<{ Body: TrustedCertificateReq }>(
    '/v3/trusted-certificates',
    operation({
      id: 'addCertificate',
      tag: 'Trusted certificates',
      summary: 'Upload the certificate of an authority, or of one device.',
      permission: 'certificate-authorities:write',
      body: 'TrustedCertificateReq',
      status: 201,
      answer: 'TrustedCertificateResp',
      errors: [409],
    }),
    async (request, reply) => {
      reply.code(201);
      const { enrollment_mode, ...input } = request.body;
      return trustedCertificateBody(
        await createTrustedCertificate(domain, request.actor, { ...input, ...enrollment(enrollment_mode) }),
      );
    },
  );

  app.get<OfTrusted>(
    '/v3/trusted-certificates/:cert_id',
    operation({
      id: 'getCertificate',
      tag: 'Trusted certificates',
      summary: 'A trusted certificate.',
      permission: 'trusted-certificates:read',
      path: trustedId,
      answer: 'TrustedCertificateResp',
      errors: [404],
    }),
    async (request) =>
      trustedCertificateBody(await getTrustedCertificate(domain, request.actor, request.params.cert_id)),
  );

  app.put<OfTrusted & { Body: TrustedCertificateUpdateReq }>(
    '/v3/trusted-certificates/:cert_id',
    operation({
      id: 'updateCertificate',
      tag: 'Trusted certificates',
      summary: 'Change a trusted certificate; what is not given stays.',
      description: 'Of a developer certificate only name, description and status can be changed.',
      permission: 'trusted-certificates:write',
      path: trustedId,
      body: 'TrustedCertificateUpdateReq',
      answer: 'TrustedCertificateResp',
      errors: [404, 409],
    }),
    async (request) => {
      const { enrollment_mode, ...input } = request.body;
      const changes = { ...input, ...enrollment(enrollment_mode) };
      return trustedCertificateBody(
        await updateTrustedCertificate(domain, request.actor, request.params.cert_id, changes),
      );
    },
  );

  app.delete<OfTrusted>(
    '/v3/trusted-certificates/:cert_id',
    operation({
      id: 'deleteCertificate',
      tag: 'Trusted certificates',
      summary: 'Delete a certificate: its devices are no longer let in. A developer certificate is revoked.',
      permission: 'trusted-certificates:write',
      path: trustedId,
      status: 204,
      errors: [404],
    }),
    async (request, reply) => {
      await deleteTrustedCertificate(domain, request.actor, request.params.cert_id);
      reply.code(204);
    },
  );
}

function serverCredentialRoutes(app: FastifyInstance, domain: Domain): void {
  app.get(
    '/v3/server-credentials',
    operation({
      id: 'getAllServerCredentials',
      tag: 'Server credentials',
      summary: 'What devices need to find and to trust both servers.',
      permission: 'server-credentials:read',
      answer: 'AllServerCredentialsResponseData',
    }),
    async (request) => {
      const of = async (server: 'bootstrap' | 'lwm2m'): Promise<CredentialsResponseData> => {
        const { certificate, uri } = await serverCredentials(domain, request.actor.accountId, server);
        return { certificate, url: uri };
      };
      return { bootstrap: await of('bootstrap'), lwm2m: await of('lwm2m') };
    },
  );

  for (const [server, id] of [
    ['bootstrap', 'getBootstrapServerCredentials'],
    ['lwm2m', 'getL2M2MServerCredentials'],
  ] as const) {
    app.get(
      `/v3/server-credentials/${server}`,
      operation({
        id,
        tag: 'Server credentials',
        summary: `What devices need to find and to trust the ${server === 'lwm2m' ? 'LwM2M' : 'bootstrap'} server.`,
        permission: 'server-credentials:read',
        answer: 'ServerCredentialsResponseData',
      }),
      async (request) => serverCredentialsBody(await serverCredentials(domain, request.actor.accountId, server)),
    );
  }
}
