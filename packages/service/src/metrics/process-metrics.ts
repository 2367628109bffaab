import { readdirSync, readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type Family, single } from './exposition.ts';

/** Undefined where the system has no such file. */
function read<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

const openFiles = (): number | undefined => read(() => readdirSync('/proc/self/fd').length);

function mostFiles(): number | undefined {
  const limit = read(() => /^Max open files +(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]);
  return limit === undefined ? undefined : limit === 'unlimited' ? Number.POSITIVE_INFINITY : Number(limit);
}

/** Names as the client libraries of Prometheus have them, so that ready-made dashboards fit. */
export class ProcessMetrics {
  readonly #version: string;
  readonly #delay = monitorEventLoopDelay({ resolution: 20 });

  constructor(version: string) {
    this.#version = version;
    this.#delay.enable();
  }

  families(): Family[] {
    const { user, system } = process.cpuUsage();
    const { rss, heapUsed, external } = process.memoryUsage();
    const delay = this.#delay.percentile(99) / 1e9;
    this.#delay.reset();
    return [
      {
        name: 'mooring_build_info',
        help: 'Version of the program and of what it runs on; always 1.',
        type: 'gauge',
        samples: [{ labels: { version: this.#version, node: process.versions.node }, value: 1 }],
      },
      single('counter', 'process_cpu_seconds_total', 'Processor time used, in seconds.', (user + system) / 1e6),
      single(
        'gauge',
        'process_start_time_seconds',
        'When the process started, since 1970.',
        performance.timeOrigin / 1000,
      ),
      single('gauge', 'process_resident_memory_bytes', 'Memory in use.', rss),
      single('gauge', 'process_open_fds', 'Open files and connections.', openFiles()),
      single('gauge', 'process_max_fds', 'How many files and connections may be open.', mostFiles()),
      single('gauge', 'nodejs_heap_size_used_bytes', 'Memory in use by JavaScript.', heapUsed),
      single('gauge', 'nodejs_external_memory_bytes', 'Memory in use outside of the heap.', external),
      single('gauge', 'nodejs_eventloop_lag_p99_seconds', 'Delay of the event loop since the last reading.', delay),
    ];
  }

  close(): void {
    this.#delay.disable();
  }
}
