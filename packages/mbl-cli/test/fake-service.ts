import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { writeDeveloperCredentials } from '@mooring/credentials';
import { exportPrivateKey, generateKeyPair, issueCertificate, noClockValidity } from '@mooring/pki';

export const goodKey = 'ak_1good';
const account = '01619571e2e90242ac12000600000000';

interface Entry {
  id: string;
  name: string;
  device_execution_mode: number;
  source?: string;
}

/** A Device Management service in memory: the few requests that mbl-cli makes. */
export interface FakeService {
  url: string;
  certificates: Entry[];
  /** `GET /v3/accounts/me?…` */
  requests: string[];
  /** Answers instead of the service if it returns true. */
  intercept: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
}

/** The C file of a developer certificate named `id`, and its parts. */
export function developerSource(id: string): string {
  const key = generateKeyPair();
  const subject = { organizationalUnit: account, commonName: id };
  const common = { ...noClockValidity, subject };
  const certificate = issueCertificate({
    ...common,
    subjectKey: key.publicKey,
    key: key.privateKey,
    profile: 'developer',
  });
  const ca = issueCertificate({ ...common, subjectKey: key.publicKey, key: key.privateKey, profile: 'authority' });
  return writeDeveloperCredentials({
    endpointName: id,
    accountId: account,
    bootstrapServerUri: `coaps://127.0.0.1:5684?aid=${account}`,
    deviceCertificate: certificate,
    bootstrapServerCa: ca,
    lwm2mServerCa: ca,
    devicePrivateKey: exportPrivateKey(key.privateKey, 'pkcs8', 'der'),
  });
}

export async function fakeService(t: TestContext, tls?: { key: string; cert: string }): Promise<FakeService> {
  const service: FakeService = { url: '', certificates: [], requests: [], intercept: undefined };
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    service.requests.push(`${request.method} ${request.url}`);
    if (!service.intercept?.(request, response)) respond(service, request, response);
  };
  const server: Server = tls ? createTlsServer(tls, answer) : createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  service.url = `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return service;
}

export function send(response: ServerResponse, status: number, body?: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

const failure = (code: number, type: string, message: string) => ({ object: 'error', code, type, message });

async function respond(service: FakeService, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.headers.authorization !== `Bearer ${goodKey}`) {
    return send(response, 401, failure(401, 'invalid_auth', 'Invalid key'));
  }
  const { pathname, searchParams } = new URL(request.url ?? '', service.url);
  const id = pathname.split('/')[3];
  const entry = service.certificates.find((known) => known.id === id);
  if (pathname === '/v3/accounts/me') return send(response, 200, { id: account, display_name: 'Acme' });
  if (pathname === '/v3/trusted-certificates') {
    const name = searchParams.get('name__eq');
    const data = service.certificates.filter((known) => name === null || known.name === name);
    return send(response, 200, { object: 'list', data, has_more: false });
  }
  if (pathname === '/v3/developer-certificates' && request.method === 'POST') {
    const { name } = JSON.parse(Buffer.concat(await request.toArray()).toString());
    if (service.certificates.some((known) => known.name === name)) {
      return send(response, 409, failure(409, 'duplicate', 'Name in use'));
    }
    const made = { id: randomBytes(16).toString('hex'), name, device_execution_mode: 1 };
    const source = developerSource(made.id);
    service.certificates.push({ ...made, source });
    return send(response, 201, { ...made, security_file_content: source });
  }
  if (!entry) return send(response, 404, failure(404, 'not_found', 'Not found'));
  if (request.method === 'DELETE') {
    service.certificates.splice(service.certificates.indexOf(entry), 1);
    return send(response, 204);
  }
  send(response, 200, { ...entry, security_file_content: entry.source });
}
