import { randomBytes } from 'node:crypto';
import { isMooringError } from '@mooring/platform';
import { type Content, type FormPart, multipartForm, type RestClient } from '@mooring/rest';
import type { Dialect } from './dialect.ts';
import { updateErrors } from './errors.ts';

type Body = Readonly<Record<string, unknown>>;

/** What an update leaves on the service: the last part of its path and what people call it. */
export const kinds = {
  campaign: { path: 'update-campaigns', word: 'campaign' },
  manifest: { path: 'firmware-manifests', word: 'manifest' },
  image: { path: 'firmware-images', word: 'firmware image' },
  job: { path: 'firmware-images/upload-jobs', word: 'upload job' },
} as const;
export type Kind = keyof typeof kinds;

export interface Image {
  id: string;
  /** Where devices get it: the URI of the manifest. */
  url: string;
  shortUrl: string | undefined;
  /** Digest and size of what devices download, where the service encrypts it. */
  encrypted: { digest: string; size: number } | undefined;
}

export interface Campaign {
  id: string;
  state: string;
  /** Older services have none. */
  phase: string | undefined;
  deviceFilter: string;
  autostopReason: string;
  /** As the service sent it. */
  body: Body;
}

/** What is told of one device of a campaign. */
export interface DeviceState {
  deviceId: string;
  deploymentState: string;
  /** Why it is not done, from a service that says so. */
  reason: string;
}

export type Counts = Partial<Record<'success' | 'fail' | 'skipped' | 'info', number>>;

/** Milliseconds, from each piece that went out: the service may have to move the whole before it answers. */
const uploadTimeout = 120_000;

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const list = (body: Body | undefined): Body[] => (Array.isArray(body?.data) ? (body.data as Body[]) : []);

function idOf(body: Body | undefined, what: string): string {
  const id = text(body?.id);
  if (id !== '') return id;
  throw updateErrors('update.answer.incomplete', {
    message: `The service made the ${what} and does not tell its id.`,
    next: 'Check the address: something else than a Device Management service seems to answer there.',
  });
}

function campaignOf(body: Body | undefined): Campaign {
  return {
    id: idOf(body, 'campaign'),
    state: text(body?.state),
    phase: text(body?.phase) || undefined,
    deviceFilter: text(body?.device_filter),
    autostopReason: text(body?.autostop_reason),
    body: body ?? {},
  };
}

function imageOf(body: Body | undefined): Image {
  const digest = text(body?.encrypted_datafile_checksum);
  const size = Number(body?.encrypted_datafile_size);
  const url = text(body?.datafile);
  if (url === '') {
    throw updateErrors('update.answer.incomplete', {
      message: 'The service has the firmware image and does not tell from where devices can download it.',
      next: 'Look into the log of the service.',
    });
  }
  return {
    id: idOf(body, 'firmware image'),
    url,
    shortUrl: text(body?.short_datafile) || undefined,
    encrypted: body?.datafile_encryption && digest && size > 0 ? { digest, size } : undefined,
  };
}

export interface NamedFile {
  /** Its name on the service. */
  name: string;
  filename: string;
  content: Content;
  description?: string | undefined;
}

/** The requests of an update, as one of the old tools makes them. All throw MooringError `rest.*`. */
export class UpdateService {
  readonly url: URL;
  readonly #client: RestClient;
  readonly #dialect: Dialect;

  constructor(client: RestClient, dialect: Dialect) {
    this.url = client.url;
    this.#client = client;
    this.#dialect = dialect;
  }

  /** @param sent told how many bytes have gone out */
  async uploadImage(
    file: NamedFile,
    { encrypt, sent }: { encrypt?: boolean | undefined; sent?: (bytes: number) => void } = {},
  ): Promise<Image> {
    const wish: FormPart[] =
      encrypt === undefined ? [] : [{ name: 'datafile_encryption', text: encrypt ? 'True' : 'False' }];
    return imageOf(await this.#sendForm('image', file, wish, sent));
  }

  async uploadManifest(file: NamedFile): Promise<{ id: string; url: string }> {
    const body = await this.#sendForm('manifest', file, []);
    return { id: idOf(body, 'manifest'), url: text(body?.datafile) };
  }

  async createUploadJob(name: string, encrypt: boolean): Promise<string> {
    return idOf(await this.#send('POST', this.#path('job'), { name, datafile_encryption: encrypt }), 'upload job');
  }

  /** An empty chunk ends the job. */
  async uploadChunk(job: string, chunk: Content, md5: string, sent?: (bytes: number) => void): Promise<void> {
    await this.#client.request({
      method: 'POST',
      path: this.#path('job', job, 'chunks'),
      body: { ...chunk, contentType: 'binary/octet-stream' },
      headers: { 'Content-MD5': md5 },
      timeout: uploadTimeout,
      ...(sent ? { sent } : {}),
    });
  }

  async imageOfJob(job: string): Promise<Image> {
    const id = text((await this.#get(this.#path('job', job)))?.firmware_image_id);
    if (id !== '') return imageOf(await this.#get(this.#path('image', id)));
    throw updateErrors('update.answer.incomplete', {
      message: 'All of the firmware image was sent, and the service has made none of it.',
      next: 'Look into the log of the service.',
    });
  }

  async createCampaign(campaign: Body): Promise<Campaign> {
    return campaignOf(await this.#send('POST', this.#path('campaign'), campaign));
  }

  /** As the SDK starts one: what can be changed of it, with another state. */
  async scheduleCampaign({ id, body }: Campaign): Promise<Campaign> {
    const changeable = ['description', 'device_filter', 'root_manifest_id', 'name', 'when'];
    const kept = changeable.filter((name) => body[name] !== undefined && body[name] !== null);
    const fields = Object.fromEntries(kept.map((name) => [name, body[name]]));
    return campaignOf(await this.#send('PUT', this.#path('campaign', id), { ...fields, state: 'scheduled' }));
  }

  async startCampaign(id: string): Promise<void> {
    await this.#client.request({ method: 'POST', path: this.#path('campaign', id, 'start') });
  }

  async stopCampaign(id: string): Promise<void> {
    await this.#client.request({ method: 'POST', path: this.#path('campaign', id, 'stop') });
  }

  async campaign(id: string): Promise<Campaign> {
    return campaignOf(await this.#get(this.#path('campaign', id)));
  }

  /** How many devices are where; empty where the service does not say. */
  async counts(id: string): Promise<Counts> {
    const found = await this.#listIfThere(this.#path('campaign', id, 'statistics'));
    return Object.fromEntries(found.map((entry) => [text(entry.id), Number(entry.count) || 0]));
  }

  /** What happened, in the words of the service. */
  async eventTexts(id: string, summary: 'fail' | 'skipped' | 'info'): Promise<string[]> {
    const found = await this.#listIfThere(this.#path('campaign', id, 'statistics', summary, 'event_types'));
    return found.map((entry) => text(entry.description) || text(entry.event_type)).filter(Boolean);
  }

  async deviceStates(id: string): Promise<DeviceState[]> {
    const found = await this.#listIfThere(this.#path('campaign', id, 'campaign-device-metadata'));
    return found.map((entry) => ({
      deviceId: text(entry.device_id),
      deploymentState: text(entry.deployment_state),
      reason: text(entry.reason),
    }));
  }

  async remove(kind: Kind, id: string): Promise<void> {
    const { headers } = this.#dialect;
    await this.#client.request({ method: 'DELETE', path: this.#path(kind, id), headers });
  }

  #path(kind: Kind, ...rest: string[]): string {
    return `/v3/${[kinds[kind].path, ...rest.map(encodeURIComponent)].join('/')}${this.#dialect.pathEnd}`;
  }

  #get(path: string): Promise<Body | undefined> {
    return this.#client.request({ method: 'GET', path, headers: this.#dialect.headers });
  }

  #send(method: 'POST' | 'PUT', path: string, body: Body): Promise<Body | undefined> {
    return this.#client.request({ method, path, body: JSON.stringify(body) });
  }

  /** A campaign that never ran has no statistics. */
  async #listIfThere(path: string): Promise<Body[]> {
    try {
      return list(await this.#get(path));
    } catch (error) {
      if (isMooringError(error) && error.code === 'rest.not.found') return [];
      throw error;
    }
  }

  #sendForm(
    kind: 'image' | 'manifest',
    { name, filename, content, description }: NamedFile,
    more: readonly FormPart[],
    sent?: (bytes: number) => void,
  ): Promise<Body | undefined> {
    const { fileType } = this.#dialect;
    const parts: FormPart[] = [
      ...(description ? [{ name: 'description', text: description }] : []),
      { name: 'name', text: name },
      ...more,
      { name: 'datafile', filename, content, ...(fileType === undefined ? {} : { contentType: fileType }) },
    ];
    return this.#client.request({
      method: 'POST',
      path: this.#path(kind),
      body: multipartForm(parts, randomBytes(16).toString('hex')),
      timeout: uploadTimeout,
      ...(sent ? { sent } : {}),
    });
  }
}
