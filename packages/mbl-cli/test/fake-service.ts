import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { writeDeveloperCredentials } from '@mooring/credentials';
import {
  exportPrivateKey,
  generateKeyPair,
  issueCertificate,
  noClockValidity,
  parseCertificate,
  parseRequest,
} from '@mooring/pki';

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
  deviceCertificates: { id: string; endpoint_name: string; certificate: string }[];
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
  const service: FakeService = {
    url: '',
    certificates: [],
    deviceCertificates: [],
    requests: [],
    intercept: undefined,
  };
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

const ownAuthority = (() => {
  const { privateKey: key, publicKey } = generateKeyPair();
  const common = { ...noClockValidity, subject: { commonName: 'Devices' }, subjectKey: publicKey };
  return { key, certificate: issueCertificate({ ...common, key, profile: 'authority' }) };
})();

/** As the real one: the same key gets the same certificate, another one only in the place of a named one. */
async function issueOwn(service: FakeService, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { endpoint_name, csr, replaces } = JSON.parse(Buffer.concat(await request.toArray()).toString());
  const { publicKey, subject } = parseRequest(csr);
  const present = service.deviceCertificates.find((known) => known.endpoint_name === endpoint_name);
  const isSame = present && parseCertificate(present.certificate).publicKey.equals(publicKey);
  if (present && isSame) return send(response, 201, present);
  if (present && present.id !== replaces) return send(response, 409, failure(409, 'duplicate', 'Is taken'));
  const certificate = parseCertificate(
    issueCertificate({
      ...noClockValidity,
      subject,
      subjectKey: publicKey,
      issuer: ownAuthority,
      profile: 'developer',
    }),
  ).pem;
  const made = { id: present?.id ?? randomBytes(16).toString('hex'), endpoint_name, certificate };
  service.deviceCertificates = [...service.deviceCertificates.filter((known) => known !== present), made];
  send(response, 201, made);
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
  if (pathname === '/v3/device-certificates') {
    const name = searchParams.get('endpoint_name__eq');
    if (request.method === 'POST') return issueOwn(service, request, response);
    const data = service.deviceCertificates.filter((known) => name === null || known.endpoint_name === name);
    return send(response, 200, { object: 'list', data, has_more: false });
  }
  if (!entry) return send(response, 404, failure(404, 'not_found', 'Not found'));
  if (request.method === 'DELETE') {
    service.certificates.splice(service.certificates.indexOf(entry), 1);
    return send(response, 204);
  }
  send(response, 200, { ...entry, security_file_content: entry.source });
}
