import { trimBackups } from '../backup/retention.ts';
import { type CertificateEnding, certificateEndings } from '../certificates/endings.ts';
import { forgetInvitations } from '../people/invitations.ts';
import { forgetEnrolmentJobs } from '../registry/enrolments/jobs.ts';
import type { Log } from '../serve/log.ts';
import type { Retention } from '../serve/settings.ts';
import { forgetLinks } from '../sessions/links.ts';
import { forgetSessions } from '../sessions/session.ts';
import type { Domain } from '../storage/context.ts';
import { trimLog } from './log-retention.ts';

const hour = 60 * 60 * 1000;
const day = 24 * hour;

/** From when on the end of a certificate is warned of, in days. */
const warningDays = 30;

export interface UpkeepWork {
  readonly domain: Domain;
  readonly accountId: string;
  readonly retention: Retention;
  readonly log: Log;
  /** What HTTPS shows now, if it does. */
  readonly shown: () => CertificateEnding | undefined;
  readonly auditRemoved: (count: number) => void;
}

const names: Readonly<Record<CertificateEnding['use'], (name: string) => string>> = {
  https: () => 'The HTTPS certificate',
  authority: (name) => `The certificate authority for ${name}`,
  trusted: (name) => `The trusted certificate ${name}`,
};

function warnOf({ use, name, notAfter }: CertificateEnding, now: number, log: Log): void {
  const left = (notAfter.getTime() - now) / day;
  if (left > warningDays) return;
  const date = notAfter.toISOString().slice(0, 10);
  const when = left < 0 ? `ended on ${date}` : `ends on ${date}, in ${Math.floor(left)} days`;
  log.warning('certificate.ending', `${names[use](name)} ${when}.`, {
    use,
    name,
    notAfter: notAfter.toISOString(),
    daysLeft: Math.floor(left),
  });
}

/** Keeps what grows by itself within its limits, and tells of certificates that end soon. */
export class Upkeep {
  readonly #work: UpkeepWork;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #warnedAt = Number.NEGATIVE_INFINITY;

  constructor(work: UpkeepWork) {
    this.#work = work;
  }

  /** Now and every hour. */
  start(): void {
    void this.once();
    this.#timer = setInterval(() => void this.once(), hour);
    this.#timer.unref();
  }

  once(): Promise<void> {
    this.#running ??= this.#all().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopping.abort();
    await this.#running;
  }

  async #all(): Promise<void> {
    const { domain, retention, log, auditRemoved } = this.#work;
    await this.#one('audit records', async () => {
      const limits = { days: retention.auditDays, max: retention.auditMax };
      const count = await trimLog(domain, 'audit_records', limits, this.#stopping.signal);
      if (count === 0) return;
      auditRemoved(count);
      log.info('audit.trimmed', `${count} old audit records were removed.`, { count });
    });
    for (const [what, table] of [
      ['device events', 'device_events'],
      ['denials', 'denials'],
    ] as const) {
      await this.#one(what, async () => {
        const limits = { days: retention.eventDays, max: retention.eventMax };
        const count = await trimLog(domain, table, limits, this.#stopping.signal);
        if (count > 0) log.info('events.trimmed', `${count} old ${what} were removed.`, { table, count });
      });
    }
    await this.#one('files of enrolments', async () => {
      if (retention.eventDays === 0) return;
      await forgetEnrolmentJobs(domain, domain.clock.now().getTime() - retention.eventDays * day);
    });
    await this.#one('sessions, links and invitations', async () => {
      await forgetSessions(domain);
      await forgetLinks(domain);
      await forgetInvitations(domain);
    });
    await this.#one('backups', async () => {
      const removed = await trimBackups(domain.storage.folder, retention.backupsKeep);
      if (removed.length > 0) log.info('backups.trimmed', `${removed.length} old backups were removed.`, { removed });
    });
    await this.#one('certificates', () => this.#warn());
  }

  /** A failure is told and tried again in an hour: a full disk, for one, ends by itself. */
  async #one(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#work.log.warning('upkeep.failed', `Looking after the ${what} failed: ${(error as Error).message}`);
    }
  }

  /** Once a day. */
  async #warn(): Promise<void> {
    const { domain, accountId, log, shown } = this.#work;
    const now = domain.clock.now().getTime();
    if (Math.abs(now - this.#warnedAt) < day) return;
    this.#warnedAt = now;
    const https = shown();
    const endings = await certificateEndings(domain, accountId);
    for (const ending of https ? [https, ...endings] : endings) warnOf(ending, now, log);
  }
}
