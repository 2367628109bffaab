import type { AnsweredRequest } from '../http/answered.ts';
import { type DeviceReport, deviceFamilies } from './device-metrics.ts';
import { exposition, type Family, single } from './exposition.ts';
import { ProcessMetrics } from './process-metrics.ts';
import { RequestMetrics } from './request-metrics.ts';

/** What was counted in the database is told again for this long, in ms: several that ask do not make it busy. */
const freshness = 5_000;

export interface MetricsSources {
  readonly version: string;
  /** Reads the database. */
  readonly service: () => Promise<Family[]>;
  readonly ready: () => Promise<boolean>;
  /** Undefined where there are no servers for devices. */
  readonly devices: () => DeviceReport | undefined;
}

/** Everything at `/metrics`. */
export class Metrics {
  readonly #sources: MetricsSources;
  readonly #requests = new RequestMetrics();
  readonly #process: ProcessMetrics;
  #auditRemoved = 0;
  #counted: { at: number; families: Promise<Family[]> } | undefined;

  constructor(sources: MetricsSources) {
    this.#sources = sources;
    this.#process = new ProcessMetrics(sources.version);
  }

  answered(request: AnsweredRequest): void {
    this.#requests.answered(request);
  }

  auditRemoved(count: number): void {
    this.#auditRemoved += count;
  }

  #service(): Promise<Family[]> {
    const now = performance.now();
    if (!this.#counted || now - this.#counted.at > freshness) {
      this.#counted = { at: now, families: this.#sources.service() };
      // A failure is told to who asked, and not kept.
      this.#counted.families.catch(() => {
        this.#counted = undefined;
      });
    }
    return this.#counted.families;
  }

  async text(): Promise<string> {
    const devices = this.#sources.devices();
    const ready = (await this.#sources.ready()) ? 1 : 0;
    return exposition([
      single('gauge', 'mooring_ready', 'Whether the service can do all its work, as at /readyz.', ready),
      ...this.#requests.families(),
      ...(devices ? deviceFamilies(devices) : []),
      ...(await this.#service()),
      single(
        'counter',
        'mooring_audit_records_removed_total',
        'Audit records that were removed because of their age or number.',
        this.#auditRemoved,
      ),
      ...this.#process.families(),
    ]);
  }

  close(): void {
    this.#process.close();
  }
}
