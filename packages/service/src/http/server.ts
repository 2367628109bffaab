import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import swagger from '@fastify/swagger';
import type { MooringError } from '@mooring/platform';
import fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import { apiKeyIdOf } from '../accounts/api-keys.ts';
import { accountErrors } from '../accounts/errors.ts';
import { groupRoutes } from '../accounts/group-routes.ts';
import { newId } from '../accounts/ids.ts';
import { accountRoutes } from '../accounts/routes.ts';
import { auditRoutes } from '../audit/routes.ts';
import { certificateRoutes } from '../certificates/routes.ts';
import { Connect, connectRoutes } from '../connect/index.ts';
import { expositionType } from '../metrics/exposition.ts';
import { eventRoutes } from '../overview/event-routes.ts';
import { overviewRoutes } from '../overview/routes.ts';
import { peopleRoutes } from '../people/routes.ts';
import { userIdOf } from '../people/user.ts';
import { type CertificateRenewals, noRenewals } from '../registry/renewals/renewal.ts';
import { registryRoutes } from '../registry/routes.ts';
import { Readiness } from '../serve/readiness.ts';
import { clientOf } from '../sessions/client.ts';
import { sessionRoutes } from '../sessions/routes.ts';
import { checkSameSite, portalHeader } from '../sessions/same-site.ts';
import type { Actor, Domain } from '../storage/context.ts';
import { Campaigns } from '../updates/index.ts';
import { updateRoutes } from '../updates/routes.ts';
import { type AnsweredRequest, unmatched } from './answered.ts';
import { answerOf, protocolEnvelope } from './answers.ts';
import { type Authenticator, authenticate, byApiKey, bySession } from './authentication.ts';
import { limitBodyTime } from './body-deadline.ts';
import { httpErrors } from './errors.ts';
import { readJson } from './json-body.ts';
import { KnownPaths } from './known-paths.ts';
import { openApiOptions } from './openapi.ts';
import { PortalFiles } from './portal-files.ts';
import { namedSchemas } from './schemas.ts';
import { lazySerializers } from './serializers.ts';
import { invalidBody, type SchemaProblem } from './validation.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who is calling. Not there on routes that are open to everyone. */
    actor: Actor;
    /** It was answered with a file of the portal. */
    forPortal: boolean;
  }
}

export interface HttpServerOptions {
  logger?: FastifyBaseLogger;
  /** PEM. Plain HTTP if absent. */
  https?: { key: string; cert: string };
  /** API keys and sessions if absent. */
  authenticators?: readonly Authenticator[];
  /** Asks devices to renew certificates; none is connected if absent. */
  renewals?: CertificateRenewals;
  readiness?: Readiness;
  /** Told of every request when it was answered. */
  answered?: (request: AnsweredRequest) => void;
  /** The connect interface, started; one that reaches no device if absent. */
  connect?: Connect;
  /** The update campaigns, started; if absent, ones that reach no device. */
  campaigns?: Campaigns;
  /** What `/metrics` says; there is no such path if absent. */
  metrics?: () => Promise<string>;
  /** Folder with the build of the portal; without it a page says that there is none. */
  portal?: string;
  /** Of the program, for the portal. */
  version?: string;
}

/** What a proxy adds on its way: who comes through one is not this machine. */
const proxyHeaders = ['x-forwarded-for', 'forwarded', 'via', 'x-real-ip'];

/** The REST interface. It does not listen yet, and does not close the domain. */
export function createHttpServer(domain: Domain, options: HttpServerOptions = {}): FastifyInstance {
  const { authenticators = [byApiKey, bySession], https, logger, answered, metrics } = options;
  const readiness = options.readiness ?? new Readiness(domain);
  // What bodies may take is said below, for each kind of them.
  const serverOptions = { requireHostHeader: false, headersTimeout: 60_000 };
  const app = fastify({
    ...(https === undefined ? { http: serverOptions } : { https: { ...https, ...serverOptions } }),
    ...(logger === undefined ? {} : { loggerInstance: logger }),
    genReqId: () => newId(domain.clock),
    requestIdHeader: false,
    routerOptions: { ignoreTrailingSlash: true, ignoreDuplicateSlashes: true, maxParamLength: 256 },
    // Answers to requests that still arrive while closing are as always; the connection is closed after them.
    return503OnClosing: false,
    requestTimeout: 24 * 60 * 60_000,
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, allErrors: true } },
    clientErrorHandler: (error, socket) => refuseConnection(error, socket as Socket, newId(domain.clock)),
    frameworkErrors: (error, request, reply) => {
      reply.header('X-Request-ID', request.id);
      sendError(error, request.id, reply as unknown as FastifyReply);
    },
  }) as unknown as FastifyInstance;

  const portal = new PortalFiles(options.portal);
  const paths = new KnownPaths();
  app.addHook('onRoute', (route) => paths.add(route));
  app.decorateRequest('actor', undefined as unknown as Actor);
  app.decorateRequest('forPortal', false);
  for (const schema of namedSchemas) app.addSchema(schema);
  app.setSerializerCompiler(lazySerializers);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, readJson);

  limitBodyTime(app, (request) => refuseConnection(bodyTooLate(), request.raw.socket as Socket, request.id));
  const callerOf = async (request: FastifyRequest, atWork: boolean): Promise<Actor> => {
    const { headers, id: requestId } = request;
    const authorization = headers.authorization ?? subprotocolKey(headers['sec-websocket-protocol']);
    const client = clientOf(request);
    const { cookie } = headers;
    return authenticate(authenticators, domain, { authorization, cookie, requestId, client, atWork });
  };

  app.addHook('onRequest', async (request, reply) => {
    reply.header('X-Request-ID', request.id);
    // Answers hold private keys.
    reply.header('Cache-Control', 'no-store');
    reply.header('X-Content-Type-Options', 'nosniff');
    reply.header('Referrer-Policy', 'no-referrer');
    // What is opened as a page by itself shows nothing and runs nothing.
    reply.header('Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'");
    if (request.is404) return;
    const { permission, sameSite, only, background } = request.routeOptions.config;
    const { method, headers } = request;
    const client = clientOf(request);
    if (permission === null) {
      if (sameSite) checkSameSite(method, headers, client);
      return;
    }
    request.actor = await callerOf(request, headers[portalHeader] !== 'background' && !background);
    if (request.actor.kind === 'user') checkSameSite(method, headers, client);
    if (only === 'user') userIdOf(request.actor);
    if (only === 'api-key') apiKeyIdOf(request.actor);
    if (permission === undefined || !request.actor.permissions.has(permission)) {
      throw accountErrors('permission.denied', {
        message: `The ${request.actor.kind === 'user' ? 'user' : 'API key'} lacks the permission ${permission}.`,
        next: 'It takes a group that has it.',
      });
    }
  });
  // An upgrade that is not taken leaves a socket that nobody reads: it would not even notice that its client went.
  app.addHook('onSend', async (request, reply) => {
    if (request.headers.upgrade === undefined) return;
    reply.header('Connection', 'close');
    reply.raw.once('finish', () => request.raw.socket.destroySoon());
  });
  if (answered) {
    app.addHook('onResponse', async (request, reply) => {
      const { id, method, is404, actor } = request;
      answered({
        id,
        method,
        route: (is404 ? (request.forPortal ? '/*' : undefined) : request.routeOptions.url) ?? unmatched,
        status: reply.statusCode,
        seconds: reply.elapsedTime / 1000,
        actor: actor && { kind: actor.kind, id: actor.id },
      });
    });
  }
  app.addHook('preValidation', async (request) => {
    if (request.body === undefined && request.routeOptions.config.bodyOptional) request.body = {};
  });

  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const told = error.validation ? invalidBody(error.validation as SchemaProblem[]) : error;
    const answer = sendError(told, request.id, reply);
    if (answer.code >= 500) request.log.error(error);
  });
  app.setNotFoundHandler((request, reply) => {
    const page = portal.answer(request, reply);
    if (page) {
      request.forPortal = true;
      return page;
    }
    const methods = paths.methodsOf(request.raw.url ?? '');
    if (methods.length === 0) {
      throw httpErrors('route.unknown', { message: `There is no ${request.raw.url?.split('?')[0]}.` });
    }
    reply.header('Allow', methods.join(', '));
    throw httpErrors('route.method', {
      message: `${request.method} is not possible here; ${methods.join(', ')} ${methods.length === 1 ? 'is' : 'are'}.`,
    });
  });

  app.register(swagger, openApiOptions);
  app.register(async (routes) => {
    const open = { config: { permission: null }, schema: { hide: true } } as const;
    routes.get('/healthz', open, async () => ({ status: 'ok' }));
    routes.get('/readyz', open, async (_, reply) => {
      const report = await readiness.report();
      reply.code(report.status === 'ready' ? 200 : 503);
      return report;
    });
    if (metrics) {
      routes.get('/metrics', open, async (request, reply) => {
        if (proxyHeaders.some((name) => request.headers[name] !== undefined)) {
          throw httpErrors('route.unknown', { message: 'There is no /metrics.' });
        }
        reply.type(expositionType);
        return metrics();
      });
    }
    routes.get('/v3/openapi.json', open, async () => app.swagger());
    accountRoutes(routes, domain);
    auditRoutes(routes, domain);
    overviewRoutes(routes, domain);
    eventRoutes(routes, domain, (request) => callerOf(request, false));
    groupRoutes(routes, domain);
    peopleRoutes(routes, domain);
    sessionRoutes(routes, domain, options.version ?? 'unknown');
    certificateRoutes(routes, domain);
    registryRoutes(routes, domain, options.renewals ?? noRenewals);
    updateRoutes(routes, domain, options.campaigns ?? new Campaigns(domain));
    routes.register(async (scope) => connectRoutes(scope, domain, options.connect ?? new Connect(domain)));
  });
  return app;
}

/** A browser cannot set headers for a websocket: it offers the subprotocols `wss, pelion_<API key>`. */
function subprotocolKey(offered: string | undefined): string | undefined {
  const key = /(?:^|,)\s*pelion_([^\s,]+)/.exec(offered ?? '')?.[1];
  return key && `Bearer ${key}`;
}

const bodyTooLate = () => Object.assign(new Error('the body does not arrive'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });

function sendError(error: unknown, requestId: string, reply: FastifyReply) {
  const answer = answerOf(error, requestId);
  // The rest of a body that is too large is not waited for.
  if (answer.code === 413) reply.header('Connection', 'close');
  if (answer.code === 401) reply.header('WWW-Authenticate', 'Bearer');
  const { retryAfter } = ((error as MooringError | undefined)?.data ?? {}) as { retryAfter?: unknown };
  if (answer.code === 429 && typeof retryAfter === 'number') reply.header('Retry-After', retryAfter);
  // Serialised here: the schemas of a route know its own errors only.
  reply.code(answer.code).type('application/json; charset=utf-8').serializer(JSON.stringify).send(answer);
  return answer;
}

/** Answers what is no HTTP request at all, over the bare connection. */
function refuseConnection(error: Error & { code?: string }, socket: Socket, requestId: string): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 }[error.code ?? ''] ?? 400;
  const body = JSON.stringify(protocolEnvelope(status, requestId));
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: application/json; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nX-Request-ID: ${requestId}\r\nConnection: close\r\n\r\n${body}`,
  );
}
