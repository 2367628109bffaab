import { X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Server as TlsServer } from 'node:tls';
import { backgroundTimers, type Clock } from '@mooring/platform';
import { startAdminServer } from '../admin/server.ts';
import { readServiceFile, removeServiceFile, writeServiceFile } from '../admin/service-file.ts';
import { newSocketPath, removeSocket } from '../admin/socket-path.ts';
import { activeAuthority } from '../certificates/authorities.ts';
import type { CertificateEnding } from '../certificates/endings.ts';
import { Connect, noLinks } from '../connect/index.ts';
import { settingsErrors } from '../errors.ts';
import { masterKeyProvider } from '../keys/provider.ts';
import { type DeviceReport, type DeviceTransport, deviceTransports } from '../metrics/device-metrics.ts';
import { Metrics } from '../metrics/metrics.ts';
import { startMetricsServer } from '../metrics/metrics-server.ts';
import { serviceFamilies } from '../metrics/service-metrics.ts';
import { enrolmentJobs } from '../registry/enrolments/jobs.ts';
import type { CertificateRenewals } from '../registry/index.ts';
import { linkOfStart } from '../sessions/redeem.ts';
import type { Domain } from '../storage/context.ts';
import { refuseForeignFolder } from '../storage/data-folder.ts';
import { folderHeld, tryLockFolder } from '../storage/folder-lock.ts';
import { Campaigns, type DownloadServer, defaultDownloadUrl, startDownloads, sweepBlobs } from '../updates/index.ts';
import { Upkeep } from '../upkeep/upkeep.ts';
import { addressKind, type ListenAddress, restAddress, uriHost } from './address.ts';
import { handedOut, recordHandedOut } from './handed-out.ts';
import { httpsHosts, ownTls, renewalPeriod } from './https.ts';
import type { Lack } from './lacking.ts';
import { listenError, probeAddress, probeUdp } from './listening.ts';
import type { Log } from './log.ts';
import { type OpenFolder, openFolder } from './open-folder.ts';
import { portalFolder } from './portal-folder.ts';
import { defaultPublicHost, publicHostWarning } from './public-host.ts';
import { Readiness } from './readiness.ts';
import type { ServiceSettings, Settings } from './settings.ts';
import { readTlsFiles, type TlsMaterial } from './tls-files.ts';

/** The REST interface, as far as starting and stopping it goes. */
export interface RestServer {
  readonly server: Server;
  listen(address: ListenAddress): Promise<unknown>;
  close(): Promise<unknown>;
}

/** How the REST interface is watched. */
export interface Watch {
  readonly readiness: Readiness;
  readonly metrics: Metrics;
  /** The REST interface itself answers `/metrics`. */
  readonly showMetrics: boolean;
  /** What applications ask of devices. */
  readonly connect: Connect;
  /** Absent where the service has no servers for devices. */
  readonly renewals?: CertificateRenewals;
  readonly version: string;
  readonly campaigns: Campaigns;
}

export interface World {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly log: Log;
  /** For a public host and certificates, where the service listens on all addresses. */
  readonly machineName: string;
  /** Makes the REST interface; not listening yet. */
  readonly restServer: (domain: Domain, tls: TlsMaterial | undefined, log: Log, watch: Watch) => Promise<RestServer>;
  /** For the metrics; unknown if absent. */
  readonly version?: string;
}

export interface RunningService {
  readonly url: string;
  readonly http: ListenAddress;
  readonly account: string;
  /** Makes the first administrator of the portal: once, and until this time. Not told where somebody can sign in. */
  readonly portalLink: { readonly url: string; readonly expiresAt: Date } | undefined;
  /** The account and its authorities were made by this start. */
  readonly firstStart: boolean;
  readonly masterKeyPlace: string;
  readonly bootstrapUri: string;
  readonly lwm2mUri: string;
  /** How devices can come; undefined where there are no servers for them. */
  readonly transports: readonly DeviceTransport[] | undefined;
  readonly adminSocket: string;
  /** The listener that metrics have of their own. */
  readonly metrics: ListenAddress | undefined;
  /** The HTTPS authority, where the service's own certificate is used. */
  readonly ca: { readonly certificate: string; readonly fingerprint: string } | undefined;
  /** Says at `/readyz` that it ends, takes no more connections, lets running requests end, then stops. */
  close(): Promise<void>;
}

/** How long running requests may take to end, in ms; whoever stops the service waits for no more than five seconds. */
const drainPeriod = 2_500;

const serveCommand = 'mooring serve';

/** How long to wait for a command that has the folder open, in ms: a service that starts again must not fail over one. */
const commandPeriod = 10_000;

type Connections = Pick<Server, 'closeIdleConnections' | 'closeAllConnections'>;

/** Undone in reverse order, each even if another fails. */
class Started {
  readonly #undo: (() => Promise<unknown>)[] = [];

  add(undo: () => Promise<unknown>): void {
    this.#undo.push(undo);
  }

  async end(): Promise<void> {
    const failures: unknown[] = [];
    for (const undo of this.#undo.splice(0).reverse()) await undo().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  }
}

function refuseInsecure({ http, tls, insecure }: Settings): void {
  if (tls || insecure || addressKind(http.host) === 'loopback') return;
  throw settingsErrors('settings.insecure', {
    message: `${uriHost(http.host)} can be reached by others, and without TLS every API key would cross the network readable.`,
    next: "Add --tls-own (the service's own authority) or --tls-cert and --tls-key; or --insecure, if a proxy on the way does TLS.",
    data: { host: http.host },
  });
}

async function probeAddresses({
  http,
  metrics,
  devices,
  dtls,
  downloads,
  bootstrapPort,
  lwm2mPort,
}: Settings): Promise<void> {
  await probeAddress(http);
  if (devices !== 'off') {
    for (const [port, option] of [
      [bootstrapPort, '--bootstrap-port'],
      [lwm2mPort, '--lwm2m-port'],
    ] as const) {
      await probeAddress({ host: devices, port }, option);
      if (dtls) await probeUdp({ host: devices, port }, option);
    }
  }
  if (downloads !== 'off') await probeAddress(downloads, '--downloads');
  if (metrics !== undefined && metrics !== 'off') await probeAddress(metrics, '--metrics');
}

async function checkTlsFiles({ tls }: Settings, { clock, log }: World): Promise<void> {
  if (tls?.kind !== 'files') return;
  const { warning } = await readTlsFiles(tls, clock);
  if (warning) log.warning('tls.validity', warning);
}

async function lockFolder(folder: string, clock: Clock) {
  await refuseForeignFolder(folder);
  const deadline = performance.now() + commandPeriod;
  for (;;) {
    const attempt = await tryLockFolder(folder, serveCommand, clock);
    if ('lock' in attempt) return attempt.lock;
    const isCommand = attempt.holder !== undefined && attempt.holder.command !== serveCommand;
    if (!isCommand || performance.now() > deadline) throw folderHeld(folder, attempt.holder);
    await sleep(50);
  }
}

/** What a service that was killed has left: its socket, and the file that names it. */
async function removeStale(folder: string): Promise<void> {
  const socket = await readServiceFile(folder);
  if (socket !== undefined) await removeSocket(socket, folder);
  await removeServiceFile(folder);
}

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let done: Promise<T> | undefined;
  return () => {
    done ??= work();
    return done;
  };
}

async function drain(server: Connections, close: () => Promise<unknown>): Promise<void> {
  const late = setTimeout(() => server.closeAllConnections(), drainPeriod);
  try {
    server.closeIdleConnections();
    await close();
  } finally {
    clearTimeout(late);
  }
}

/** When the certificate ends that HTTPS shows. */
function shownEnding(tls: TlsMaterial | undefined): CertificateEnding | undefined {
  return tls && { use: 'https', name: 'https', notAfter: new X509Certificate(tls.cert).validToDate };
}

async function listen(rest: RestServer, address: ListenAddress): Promise<number> {
  try {
    await rest.listen(address);
  } catch (error) {
    throw listenError(error, address);
  }
  return (rest.server.address() as AddressInfo).port;
}

async function watchersListener({ metrics: address }: Settings, metrics: Metrics, readiness: Readiness) {
  return address === undefined || address === 'off' ? undefined : startMetricsServer(address, metrics, readiness);
}

const transportsOf = (report: DeviceReport | undefined) =>
  report && deviceTransports.filter((transport) => report.listeners.lwm2m?.[transport]);

/** Where devices download images, if anywhere. */
async function downloadListener(domain: Domain, settings: Settings, log: Log): Promise<DownloadServer | undefined> {
  const { downloads, downloadRate, downloadConnections } = settings;
  if (downloads === 'off') return undefined;
  return startDownloads(domain, {
    ...downloads,
    rate: downloadRate * 1024,
    most: downloadConnections,
    fault: (error) => log.error('download.fault', `A download failed: ${(error as Error).message}`),
  });
}

/** The servers for devices, or none where the service has none. */
async function startDevices(
  { domain, accountId }: OpenFolder,
  { devices: host, dtls, bootstrapPort, lwm2mPort }: Settings,
  { connect, campaigns }: { connect: Connect; campaigns: Campaigns },
  log: Log,
): Promise<{
  readonly report?: DeviceReport;
  readonly renewals?: CertificateRenewals;
  readonly lacks?: readonly Lack[];
  close(): Promise<void>;
}> {
  if (host !== 'off') {
    const { DeviceServers } = await import('./device-servers.ts');
    return DeviceServers.start(domain, { host, dtls, bootstrapPort, lwm2mPort, accountId, connect, campaigns, log });
  }
  await connect.start(noLinks);
  await campaigns.start(noLinks);
  return {
    close: async () => {
      connect.stop();
      await campaigns.stop();
    },
  };
}

/**
 * Starts the service: everything that can be refused is checked before the data folder is touched, and a start that
 * fails leaves nothing running.
 *
 * @throws MooringError `settings.*`, `database.*`, `master.key.*`, `serve.*`, `file.*`
 */
export async function startService(settings: Settings, world: World): Promise<RunningService> {
  const { clock, log, env, machineName } = world;
  refuseInsecure(settings);
  await checkTlsFiles(settings, world);
  if (!settings.tls && addressKind(settings.http.host) !== 'loopback') {
    log.warning('http.insecure', 'HTTP without TLS: whoever sees the network traffic can read the API keys.');
  }
  const publicHost = settings.publicHost ?? defaultPublicHost(settings.http, machineName);

  const masterKey = masterKeyProvider({ setting: settings.masterKey, dataFolder: settings.data, env });

  const started = new Started();
  try {
    // A folder in use is better told by who holds it than by the port that this one has.
    const folderIsThere = existsSync(settings.data);
    if (!folderIsThere) {
      await probeAddresses(settings);
      await masterKey.load();
    }
    const lock = await lockFolder(settings.data, clock);
    started.add(() => lock.release());
    if (folderIsThere) await probeAddresses(settings);
    await removeStale(settings.data);

    const { bootstrapPort, lwm2mPort, limits, deviceKeys, deviceCredentialDays, deviceLifetime } = settings;
    // The port is known for certain when it is listened on.
    const downloadUrl = (port: number) => settings.downloadUrl ?? defaultDownloadUrl(publicHost, port);
    const rules: ServiceSettings & { downloadUrl: string } = {
      publicHost,
      downloadUrl: downloadUrl(settings.downloads === 'off' ? 0 : settings.downloads.port),
      ...(settings.downloadDays === undefined ? {} : { downloadDays: settings.downloadDays }),
      bootstrapPort,
      lwm2mPort,
      limits,
      ...(deviceKeys === undefined ? {} : { deviceKeys }),
      ...(deviceCredentialDays === undefined ? {} : { deviceCredentialDays }),
      ...(deviceLifetime === undefined ? {} : { deviceLifetime }),
    };
    const folder = await openFolder({
      folder: settings.data,
      masterKey,
      settings: rules,
      clock,
      log,
    });
    started.add(() => folder.close());

    const uris = handedOut(folder);
    const warning = publicHostWarning(publicHost);
    if (warning) log.warning('public-host', warning, { publicHost });
    const before = await recordHandedOut(folder);
    if (before) {
      log.warning(
        'public-host.changed',
        `Devices that were given credentials until now keep ${before.bootstrapUri} and ${before.lwm2mUri}; from now on ${uris.bootstrapUri} and ${uris.lwm2mUri} are handed out. The old ones have to go on leading here.`,
        { before, now: uris },
      );
    }

    const { tls: source } = settings;
    const hosts = httpsHosts(publicHost, settings.http.host, machineName);
    const material = async (): Promise<TlsMaterial | undefined> => {
      if (source?.kind === 'own') return ownTls(folder, hosts);
      return source && (await readTlsFiles(source, clock)).material;
    };
    let tls = await material();
    const readiness = new Readiness(folder.domain, log, () => devices.lacks ?? []);
    const metrics = new Metrics({
      version: world.version ?? 'unknown',
      service: () => serviceFamilies(folder.domain, folder.accountId, shownEnding(tls)),
      ready: async () => (await readiness.report()).status === 'ready',
      devices: () => devices.report,
    });
    started.add(async () => metrics.close());
    const showMetrics = settings.metrics === undefined && addressKind(settings.http.host) === 'loopback';
    const connect = new Connect(folder.domain);
    const campaigns = new Campaigns(folder.domain, {
      fault: (error, about) =>
        log.error('campaign.fault', `An update campaign failed and goes on: ${(error as Error).message}`, {
          ...about,
          stack: (error as Error).stack,
        }),
    });
    const swept = await sweepBlobs(folder.domain);
    if (swept > 0) log.info('images.swept', `${swept} unfinished uploads were removed.`, { count: swept });
    const downloads = await downloadListener(folder.domain, settings, log);
    if (downloads) {
      started.add(() => downloads.close());
      rules.downloadUrl = downloadUrl(downloads.port);
    }
    const devices = await startDevices(folder, settings, { connect, campaigns }, log);
    started.add(() => devices.close());
    const rest = await world.restServer(folder.domain, tls, log, {
      readiness,
      metrics,
      showMetrics,
      connect,
      ...(devices.renewals && { renewals: devices.renewals }),
      version: world.version ?? 'unknown',
      campaigns,
    });
    const endRest = once(() => drain(rest.server, () => rest.close()));
    started.add(endRest);
    const port = await listen(rest, settings.http);
    const watcher = await watchersListener(settings, metrics, readiness);
    if (watcher) started.add(() => drain(watcher, () => new Promise((resolve) => watcher.close(resolve))));
    const renewal = setInterval(() => {
      material()
        .then((fresh) => {
          if (!fresh) return;
          (rest.server as Server & TlsServer).setSecureContext(fresh);
          tls = fresh;
        })
        .catch((error: unknown) => log.error('tls.renewal', `The HTTPS certificate could not be renewed: ${error}`));
    }, renewalPeriod);
    renewal.unref();
    started.add(async () => clearInterval(renewal));

    const stopUsage = folder.domain.usage.start(backgroundTimers, (error) =>
      log.error('usage.lost', `What devices do could not be counted: ${(error as Error).message}`),
    );
    started.add(stopUsage);
    const enrolling = enrolmentJobs(folder.domain);
    enrolling.failed = (error) =>
      log.error('registry.enrolments', `A file of enrolments cannot be worked on: ${(error as Error).message}`);
    started.add(() => enrolling.stop());
    enrolling.wake();

    const upkeep = new Upkeep({
      domain: folder.domain,
      accountId: folder.accountId,
      retention: settings.retention,
      log,
      shown: () => shownEnding(tls),
      auditRemoved: (count) => metrics.auditRemoved(count),
    });
    started.add(() => upkeep.stop());
    upkeep.start();

    const adminSocket = await newSocketPath(settings.data, env);
    started.add(() => removeSocket(adminSocket, settings.data));
    const http = { host: settings.http.host, port };
    const url = restAddress({ ...settings, http }, publicHost);
    const admin = await startAdminServer(adminSocket, { ...folder, url }, log);
    const endAdmin = once(() => drain(admin.connections, () => admin.close()));
    started.add(endAdmin);

    // A link is for a page: without a portal there is none to open.
    const link = portalFolder() === undefined ? undefined : await linkOfStart(folder.domain, folder.accountId);
    const authority =
      source?.kind === 'own' ? await activeAuthority(folder.domain, folder.accountId, 'https') : undefined;
    started.add(() => removeServiceFile(settings.data));
    await writeServiceFile(settings.data, { pid: process.pid, adminSocket, url });

    return {
      url,
      http,
      account: folder.accountId,
      portalLink: link && { url: url + link.path, expiresAt: new Date(link.expiresAt) },
      firstStart: folder.created,
      masterKeyPlace: folder.masterKey.place,
      ...uris,
      transports: transportsOf(devices.report),
      adminSocket,
      metrics: watcher && { ...(settings.metrics as ListenAddress), port: (watcher.address() as AddressInfo).port },
      ca: authority && { certificate: authority.certificate.pem, fingerprint: authority.certificate.fingerprint },
      close: async () => {
        readiness.drain();
        if (settings.drainNotice > 0) await sleep(settings.drainNotice * 1000);
        // Both at once, so that each has the whole time; who watches is told until the last.
        await Promise.allSettled([endRest(), endAdmin()]);
        await started.end();
      },
    };
  } catch (error) {
    await started.end().catch(() => undefined);
    throw error;
  }
}
