import type { Agent } from 'node:http';
import { restErrors } from '../errors.ts';
import type {
  AccountInfo,
  AccountUpdateReq,
  AllServerCredentialsResponseData,
  ApiKeyInfoReq,
  ApiKeyInfoResp,
  ApiKeyUpdateReq,
  DeveloperCertificateRequestData,
  DeveloperCertificateResponseData,
  DeviceCertificateReq,
  DeviceCertificateResp,
  DeviceData,
  EnrollmentId,
  EnrollmentIdentity,
  ServerCredentialsResponseData,
  TrustedCertificateReq,
  TrustedCertificateResp,
  TrustedCertificateUpdateReq,
} from '../schemas/index.ts';
import { serviceAddress } from './address.ts';
import { bodyOf, refused } from './answer.ts';
import { fetchCertificateAuthority } from './certificate-authority.ts';
import { type Answer, exchange } from './exchange.ts';
import type { Upload } from './multipart-form.ts';
import { pages } from './pages.ts';

export interface RestClientOptions {
  /** `https://host[:port]` or `http://host[:port]`. */
  url: string;
  /** `ak_…`; none for a service that asks for none. */
  apiKey?: string;
  /** PEM of the only CAs to trust. The machine's own are trusted if neither this nor the fingerprint is given. */
  ca?: string;
  /** SHA-256 of a certificate in the chain of the service, which is then the only one to trust. */
  caFingerprint?: string;
  /** Milliseconds for one request; 30,000 if absent. */
  timeout?: number;
  /** Name and version of the program. */
  userAgent: string;
  signal?: AbortSignal;
}

/** A request that has no method of its own here. */
export interface RestRequest {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** From `/v3`, with what is asked for: `/v3/update-campaigns/ID`. */
  path: string;
  /** JSON text, or what is sent piece by piece. */
  body?: string | Upload;
  /** Besides those of every request. */
  headers?: Readonly<Record<string, string>>;
  /** Told how many bytes of an upload have gone out. */
  sent?: (bytes: number) => void;
  /** Milliseconds, if not those of the client; with an upload for each piece of it. */
  timeout?: number;
}

/** What `/readyz` says of a service that is ready. */
export interface ServiceReadiness {
  readonly status: string;
  /** What the machine of the service does not give, and devices do without. */
  readonly lacks?: readonly { readonly code: string; readonly message: string }[];
}

/** Conditions of a list: `{ name__eq: 'mycert' }`. */
export type ListFilter = Readonly<Record<string, string | number | boolean>>;

/**
 * The REST interface of a Device Management service, typed. Every call throws a MooringError `rest.*` with a
 * sentence, what to do next, and data `{ status, request, said, requestId, fields }` where a service answered. The API key is
 * in no error.
 */
export class RestClient {
  readonly url: URL;
  readonly #options: RestClientOptions;
  readonly #apiKey: string | undefined;
  #trust: Promise<string | undefined> | undefined;
  #agent: Agent | undefined;

  constructor(options: RestClientOptions) {
    this.#options = options;
    this.url = serviceAddress(options.url);
    this.#apiKey = options.apiKey?.trim().replace(/^bearer\s+/i, '') || undefined;
    if (this.#apiKey !== undefined && !/^[\x21-\x7e]+$/.test(this.#apiKey)) {
      throw restErrors('rest.key.malformed', {
        message: 'The API key holds blanks or characters that no API key has.',
        next: 'Copy it again; it begins with ak_ and has 111 characters.',
      });
    }
  }

  /** The account of the API key. */
  account(options: { limits?: boolean; policies?: boolean } = {}): Promise<AccountInfo> {
    const include = [options.limits ? 'limits' : '', options.policies ? 'policies' : ''].filter(Boolean).join(',');
    return this.#get('/v3/accounts/me', include === '' ? {} : { include });
  }

  updateAccount(changes: AccountUpdateReq): Promise<AccountInfo> {
    return this.#send('PUT', '/v3/accounts/me', changes);
  }

  readonly apiKeys = {
    list: (filter: ListFilter = {}) => this.#list<ApiKeyInfoResp>('/v3/api-keys', filter),
    me: (): Promise<ApiKeyInfoResp> => this.#get('/v3/api-keys/me'),
    get: (id: string): Promise<ApiKeyInfoResp> => this.#get(`/v3/api-keys/${encodeURIComponent(id)}`),
    /** The only answer, with `resetSecret`, that holds the whole key. */
    create: (key: ApiKeyInfoReq): Promise<ApiKeyInfoResp> => this.#send('POST', '/v3/api-keys', key),
    update: (id: string, changes: ApiKeyUpdateReq): Promise<ApiKeyInfoResp> =>
      this.#send('PUT', `/v3/api-keys/${encodeURIComponent(id)}`, changes),
    resetSecret: (id: string): Promise<ApiKeyInfoResp> =>
      this.#send('POST', `/v3/api-keys/${encodeURIComponent(id)}/reset-secret`, {}),
    delete: (id: string): Promise<void> => this.#delete(`/v3/api-keys/${encodeURIComponent(id)}`),
  };

  readonly developerCertificates = {
    create: (certificate: DeveloperCertificateRequestData): Promise<DeveloperCertificateResponseData> =>
      this.#send('POST', '/v3/developer-certificates', certificate),
    get: (id: string): Promise<DeveloperCertificateResponseData> =>
      this.#get(`/v3/developer-certificates/${encodeURIComponent(id)}`),
  };

  readonly deviceCertificates = {
    create: (request: DeviceCertificateReq): Promise<DeviceCertificateResp> =>
      this.#send('POST', '/v3/device-certificates', request),
    list: (filter: ListFilter = {}) => this.#list<DeviceCertificateResp>('/v3/device-certificates', filter),
    delete: (id: string): Promise<void> => this.#delete(`/v3/device-certificates/${encodeURIComponent(id)}`),
  };

  readonly deviceEnrollments = {
    list: (filter: ListFilter = {}) => this.#list<EnrollmentIdentity>('/v3/device-enrollments', filter),
    create: (enrollment: EnrollmentId): Promise<EnrollmentIdentity> =>
      this.#send('POST', '/v3/device-enrollments', enrollment),
  };

  readonly trustedCertificates = {
    list: (filter: ListFilter = {}) => this.#list<TrustedCertificateResp>('/v3/trusted-certificates', filter),
    get: (id: string): Promise<TrustedCertificateResp> =>
      this.#get(`/v3/trusted-certificates/${encodeURIComponent(id)}`),
    create: (certificate: TrustedCertificateReq): Promise<TrustedCertificateResp> =>
      this.#send('POST', '/v3/trusted-certificates', certificate),
    update: (id: string, changes: TrustedCertificateUpdateReq): Promise<TrustedCertificateResp> =>
      this.#send('PUT', `/v3/trusted-certificates/${encodeURIComponent(id)}`, changes),
    /** Also deletes the developer certificate of this id. */
    delete: (id: string): Promise<void> => this.#delete(`/v3/trusted-certificates/${encodeURIComponent(id)}`),
  };

  readonly serverCredentials = {
    all: (): Promise<AllServerCredentialsResponseData> => this.#get('/v3/server-credentials'),
    bootstrap: (): Promise<ServerCredentialsResponseData> => this.#get('/v3/server-credentials/bootstrap'),
    lwm2m: (): Promise<ServerCredentialsResponseData> => this.#get('/v3/server-credentials/lwm2m'),
  };

  readonly devices = {
    list: (filter: ListFilter = {}) => this.#list<DeviceData & { id: string }>('/v3/devices', filter),
    get: (id: string): Promise<DeviceData> => this.#get(`/v3/devices/${encodeURIComponent(id)}`),
  };

  /**
   * For requests in the form that another program of the field gives them.
   *
   * @returns the body, a JSON object; undefined where the answer has none
   */
  async request(request: RestRequest): Promise<Record<string, unknown> | undefined> {
    const answer = await this.#exchange(request);
    if (answer.status >= 200 && answer.status < 300 && answer.body === '') return undefined;
    return bodyOf(answer, this.url);
  }

  /** How Mooring's own service is; others have nothing there. */
  readiness(): Promise<ServiceReadiness> {
    return this.#get('/readyz');
  }

  /** Closes idle connections. They do not keep a process alive. */
  close(): void {
    this.#agent?.destroy();
    this.#agent = undefined;
  }

  #list<Item extends { id: string }>(path: string, filter: ListFilter): AsyncGenerator<Item> {
    return pages<Item>((query) => this.#get(path, { ...filter, ...query }));
  }

  #get<Body>(path: string, query: ListFilter = {}): Promise<Body> {
    const search = new URLSearchParams(
      Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]),
    );
    return this.#call('GET', search.size === 0 ? path : `${path}?${search}`) as Promise<Body>;
  }

  #send<Body>(method: 'POST' | 'PUT', path: string, body: unknown): Promise<Body> {
    return this.#call(method, path, JSON.stringify(body)) as Promise<Body>;
  }

  async #delete(path: string): Promise<void> {
    const answer = await this.#exchange({ method: 'DELETE', path });
    // Any answer but an empty one comes from something else that stands in between.
    if (answer.status >= 400) throw refused(answer, this.url);
    if (answer.status !== 204) bodyOf(answer, this.url);
  }

  async #call(method: 'GET' | 'POST' | 'PUT', path: string, body?: string): Promise<unknown> {
    return bodyOf(await this.#exchange({ method, path, ...(body === undefined ? {} : { body }) }), this.url);
  }

  async #exchange({ method, path, body, headers, sent, timeout: own }: RestRequest): Promise<Answer> {
    const { timeout = 30_000, userAgent, signal } = this.#options;
    const ca = await this.#authority();
    this.#agent ??= await this.#newAgent();
    const contentType = typeof body === 'object' ? body.contentType : 'application/json';
    const answer = await exchange({
      method,
      url: new URL(this.url.pathname.replace(/\/$/, '') + path, this.url),
      headers: {
        Accept: 'application/json',
        'User-Agent': userAgent,
        ...(this.#apiKey === undefined ? {} : { Authorization: `Bearer ${this.#apiKey}` }),
        ...(body === undefined ? {} : { 'Content-Type': contentType }),
        ...headers,
      },
      agent: this.#agent,
      timeout: own ?? timeout,
      ...(body === undefined ? {} : { body }),
      ...(sent === undefined ? {} : { sent }),
      ...(ca === undefined ? {} : { ca }),
      ...(signal === undefined ? {} : { signal }),
    });
    // What is told of a refusal must not hold the key, even if the service said it back.
    const key = answer.status >= 400 ? this.#apiKey : undefined;
    return key === undefined ? answer : { ...answer, body: answer.body.replaceAll(key, 'ak_…') };
  }

  async #newAgent(): Promise<Agent> {
    const { Agent } = this.url.protocol === 'https:' ? await import('node:https') : await import('node:http');
    return new Agent({ keepAlive: true, timeout: 5_000 });
  }

  #authority(): Promise<string | undefined> {
    const { ca, caFingerprint, timeout, signal } = this.#options;
    if (ca !== undefined || caFingerprint === undefined) return Promise.resolve(ca);
    if (this.#trust === undefined) {
      this.#trust = fetchCertificateAuthority(this.url.href, caFingerprint, {
        ...(timeout === undefined ? {} : { timeout }),
        ...(signal === undefined ? {} : { signal }),
      });
      // The next call tries again: the service may only have been starting.
      this.#trust.catch(() => {
        this.#trust = undefined;
      });
    }
    return this.#trust;
  }
}
