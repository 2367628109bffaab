import { rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { isMooringError, type MooringError, type Timers, writeFileAtomic } from '@mooring/platform';
import { bytesContent, fileContent } from '@mooring/rest';
import type { CommandContext, Values } from '@mooring/terminal';
import { localTime } from '../log.ts';
import { argumentError2x, type Log2x } from '../logging-2x.ts';
import { devToolDialect } from '../update/dialect.ts';
import { updateErrors } from '../update/errors.ts';
import { interruptedWith, leftText, UpdateJob } from '../update/job.ts';
import type { Remains, Thing } from '../update/left-on-service.ts';
import { checkedName } from '../update/names.ts';
import { outcomes, type Report, reportOf } from '../update/outcome.ts';
import type { Campaign, Image } from '../update/service.ts';
import { largestForm, uploadInChunks } from '../update/upload-job.ts';
import { managedCampaign, stoppedCampaign, summarise, verdict } from './campaign.ts';
import { devAccess } from './cloud-config.ts';
import { announce, devManifest, devManifestV1, devProject, devProjectV1 } from './create.ts';
import { asRequestsTells } from './requests-error.ts';
import { smallestPayload } from './smallest-payload.ts';

/** What differs between the two commands. */
const forms = {
  update: { schema: 'v3', project: devProject, manifest: devManifest },
  'update-v1': { schema: 'v1', project: devProjectV1, manifest: devManifestV1 },
} as const;
type Form = keyof typeof forms;

function secondsOf(command: string, value: string): number {
  if (/^\s*\+?\d+\s*$/.test(value) && Number.isSafeInteger(Number(value))) return Number(value);
  throw argumentError2x(command, '-t/--timeout', `"${value}" is an invalid non-negative integer value`);
}

/** One run of `update` or `update-v1`. */
class DevUpdate {
  readonly #context: CommandContext;
  readonly #values: Values;
  readonly #log: Log2x;
  readonly #job: UpdateJob;
  /** Path of what is uploaded, and what it is called in the names of what is made of it. */
  readonly #image: { path: string; name: string; time: string };
  /** The manifest beside the image. */
  #manifestFile: string | undefined;
  #campaign: Campaign | undefined;

  constructor(context: CommandContext, values: Values, log: Log2x, job: UpdateJob, path: string) {
    this.#context = context;
    this.#values = values;
    this.#log = log;
    this.#job = job;
    const time = localTime(context.clock.now()).replaceAll('-', '_').replace(' ', '-').replaceAll(':', '_');
    this.#image = { path, name: basename(path), time };
  }

  /** What 2.6.2 says of a step that fails, before the reason. */
  async #step<T>(headline: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (isMooringError(error)) this.#log.error(headline);
      throw error;
    }
  }

  async uploadImage(): Promise<Image> {
    const { path, name: file, time } = this.#image;
    const { encrypt_payload: wish } = this.#values;
    const encrypt = wish === true;
    const name = checkedName('Image', `${time}-${file}`);
    this.#log.info(`Uploading FW image ${this.#values.payload_path}`);
    const content = await fileContent(path);
    const sent = this.#job.progress.uploading(file, content.size);
    const image =
      content.size < largestForm
        ? await this.#job.service.uploadImage({ name, filename: file, content }, { encrypt, sent })
        : await this.#step('FW image upload failed', () => uploadInChunks(this.#job, path, { name, encrypt, sent }));
    this.#job.progress.line.clear();
    this.#job.made.add('image', image.id, name);
    this.#log.info(`Uploaded FW image ${image.url}`);
    if (!encrypt || image.encrypted) return image;
    throw updateErrors('update.encryption.unsupported', {
      message: "Request to encrypt payload failed! Device Management doesn't support this feature.",
      next: 'Leave -e out.',
    });
  }

  async uploadManifest(manifest: Uint8Array): Promise<{ id: string }> {
    const { name: file, time } = this.#image;
    const name = `manifest-${time}-${file}`;
    const beside = join(dirname(resolve(this.#context.cwd, this.#values.payload_path as string)), name);
    await writeFileAtomic(beside, manifest);
    this.#manifestFile = beside;
    const uploaded = await this.#step('Failed to upload manifest', () =>
      this.#job.service.uploadManifest({
        name: checkedName('Manifest', name),
        filename: name,
        content: bytesContent(manifest),
      }),
    );
    this.#job.made.add('manifest', uploaded.id, name);
    this.#log.info(`Uploaded manifest ID: ${uploaded.id}`);
    return uploaded;
  }

  async createCampaign(manifestId: string, ids: { classId: string; vendorId: string }): Promise<string> {
    const { name: file, time } = this.#image;
    const device = this.#values.device_id as string | undefined;
    const filter = [
      `device_class__eq=${ids.classId}`,
      `vendor_id__eq=${ids.vendorId}`,
      ...(device ? [`id__eq=${encodeURIComponent(device)}`] : []),
    ];
    const name = checkedName('Campaign', `campaign-${time}-${file}`);
    const { id } = await this.#step('Failed to create campaign', () =>
      this.#job.service.createCampaign({
        campaign_strategy: 'one-shot',
        description: 'Development campaign',
        device_filter: filter.join('&'),
        name,
        root_manifest_id: manifestId,
      }),
    );
    this.#job.made.add('campaign', id, name);
    this.#log.info(`Created Campaign ID: ${id}`);
    return id;
  }

  /** @returns true if it timed out */
  async runCampaign(id: string, timeout: number): Promise<boolean> {
    const wait = this.#values.wait === true;
    const limit = timeout === 0 ? undefined : timeout * 1_000;
    const { campaign, timedOut } = await managedCampaign(this.#job, id, { timeout: limit, wait, log: this.#log });
    this.#campaign = campaign;
    return timedOut;
  }

  /** What became of the devices, once the campaign has come to its end or was brought to it. */
  async report(timedOut: boolean): Promise<Report | undefined> {
    const campaign = this.#campaign;
    if (!campaign) return undefined;
    await stoppedCampaign(this.#job, campaign.id, this.#log);
    const report = await reportOf(this.#job.service, campaign, timedOut);
    this.#job.progress.line.clear();
    return report;
  }

  /** @returns what could not be removed */
  async cleanUp(isWaited: boolean): Promise<Remains[]> {
    const { made } = this.#job;
    if (made.things.length > 0 || isWaited) this.#log.info('Cleaning up resources...');
    const left = await this.#job.cleanUp(
      made.things.some(({ kind }) => kind === 'campaign') && !this.#campaign,
      (thing) => this.#removed(thing),
    );
    if (this.#manifestFile !== undefined) await rm(this.#manifestFile, { force: true });
    if (left.length > 0) this.#log.error(`Failed to finalize update campaign. ${leftText(left)}`);
    return left;
  }

  #removed({ kind, id }: Thing): void {
    const lines = {
      campaign: `Deleted campaign ${id}`,
      manifest: `Deleted manifest ID: ${id}`,
      image: `Deleted FW image ${id}`,
    };
    if (kind !== 'job') this.#log.info(lines[kind]);
  }

  /** The last lines, and the exit status. */
  conclude(report: Report): void {
    summarise(report, this.#log);
    const text = verdict(report, this.#campaign as Campaign);
    if (text !== undefined) this.#log.error(text);
    this.#context.exit(outcomes[report.outcome]);
  }
}

async function run(
  context: CommandContext,
  values: Values,
  plain: Log2x,
  timers: Timers,
  form: Form,
): Promise<unknown> {
  const { schema, project: projectOf, manifest: manifestOf } = forms[form];
  const command = `manifest-dev-tool ${form}`;
  const timeout = secondsOf(command, values.timeout as string);
  const file = values.payload_path as string;
  if (!(await stat(resolve(context.cwd, file)).catch(() => undefined))?.isFile()) {
    throw argumentError2x(command, '-p/--payload-path', `File "${file}" is not found`);
  }
  const project = await projectOf(context, command, values, plain);
  const access = await devAccess(context.cwd, values.cache_dir as string, values.ca_fingerprint as string | undefined);
  const job = new UpdateJob(context, { access, dialect: devToolDialect, program: 'manifest-dev-tool/2.6.2', timers });
  const log = above(plain, job);
  const current = values.current_fw as string | undefined;
  const payload = await smallestPayload(
    resolve(context.cwd, file),
    current === undefined ? undefined : resolve(context.cwd, current),
    log,
  );
  const update = new DevUpdate(context, values, log, job, payload.path);
  const isWaited = values.wait === true;
  const mayCleanUp = values.no_cleanup !== true;
  let failure: unknown;
  let report: Report | undefined;
  let result: Record<string, unknown> = {};
  let timedOut = false;
  try {
    const image = await update.uploadImage();
    const url = values.use_short_url ? image.shortUrl : image.url;
    if (url === undefined) throw noShortUrl();
    const { manifest, config } = await manifestOf(
      context,
      project,
      {
        ...values,
        payload_path: current === undefined ? file : payload.path,
        payload_url: url,
        ...(image.encrypted && values.encrypt_payload
          ? { encrypted_digest: image.encrypted.digest, encrypted_size: String(image.encrypted.size) }
          : {}),
      },
      log,
    );
    announce(config, schema, log);
    const { id: manifestId } = await update.uploadManifest(manifest);
    const campaignId = await update.createCampaign(manifestId, project.dev);
    result = { version: project.version, image: { id: image.id, url }, manifest: manifestId, campaign: campaignId };
    if (isWaited || values.start_campaign) timedOut = await update.runCampaign(campaignId, timeout);
    if (isWaited) report = await update.report(timedOut);
  } catch (error) {
    failure = error;
    job.progress.line.clear();
    if (context.signal.aborted) log.error('Aborted by user...');
    else if (isMooringError(error) && typeof error.data?.said === 'string') log.error(error.data.said);
  }
  const left = mayCleanUp && (isWaited || failure) ? await update.cleanUp(isWaited) : [];
  job.close();
  await payload.remove();
  if (context.signal.aborted) throw interruptedWith(mayCleanUp ? left : job.made.things);
  if (failure) throw context.json || !isMooringError(failure) ? failure : asRequestsTells(failure);
  if (report) update.conclude(report);
  return {
    ...result,
    ...(report ? { outcome: report.outcome, counts: report.counts, devices: report.devices } : {}),
    left,
  };
}

const noShortUrl = (): MooringError =>
  updateErrors('update.answer.incomplete', {
    message: 'The service has no short address for the firmware image.',
    next: 'Leave -u out.',
  });

/** Its lines stand above the progress. */
function above(log: Log2x, job: UpdateJob): Log2x {
  const write = (name: keyof Log2x) => (message: string) => job.progress.line.above(() => log[name](message));
  return {
    debug: write('debug'),
    info: write('info'),
    warning: write('warning'),
    error: write('error'),
    critical: write('critical'),
  };
}

/** @throws MooringError `dev.*`, `config.*`, `signing.*`, `update.*`, `rest.*`, `manifest.argument` */
export const update = (context: CommandContext, values: Values, log: Log2x, timers: Timers): Promise<unknown> =>
  run(context, values, log, timers, 'update');

export const updateV1 = (context: CommandContext, values: Values, log: Log2x, timers: Timers): Promise<unknown> =>
  run(context, values, log, timers, 'update-v1');
