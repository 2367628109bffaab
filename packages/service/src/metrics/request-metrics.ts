import type { AnsweredRequest } from '../http/answered.ts';
import type { Family } from './exposition.ts';

/** Upper bounds in seconds: most answers take a few milliseconds, a new key pair or a write on a slow disk more. */
const bounds = [0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

/** Others are counted as one, so that no caller can make up labels. */
const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

interface Durations {
  method: string;
  route: string;
  /** Per bound, not yet added up; the last one is for all that took longer. */
  counts: number[];
  sum: number;
}

interface Answers {
  method: string;
  route: string;
  status: string;
  count: number;
}

/** Counts requests by the route that they met and the status that they got; both are bounded by the program. */
export class RequestMetrics {
  readonly #answers = new Map<string, Answers>();
  readonly #durations = new Map<string, Durations>();

  answered({ method: named, route, status: code, seconds }: AnsweredRequest): void {
    const method = methods.has(named) ? named : 'OTHER';
    const status = String(code);
    const answerKey = `${method} ${route} ${status}`;
    const answers = this.#answers.get(answerKey) ?? { method, route, status, count: 0 };
    answers.count++;
    this.#answers.set(answerKey, answers);

    const key = `${method} ${route}`;
    const durations = this.#durations.get(key) ?? { method, route, counts: Array(bounds.length + 1).fill(0), sum: 0 };
    const bucket = bounds.findIndex((bound) => seconds <= bound);
    const index = bucket < 0 ? bounds.length : bucket;
    durations.counts[index] = (durations.counts[index] ?? 0) + 1;
    durations.sum += seconds;
    this.#durations.set(key, durations);
  }

  families(): Family[] {
    const samples = [...this.#durations.values()].flatMap(({ method, route, counts, sum }) => {
      let below = 0;
      const buckets = [...bounds, Number.POSITIVE_INFINITY].map((bound, index) => {
        below += counts[index] ?? 0;
        const le = bound === Number.POSITIVE_INFINITY ? '+Inf' : String(bound);
        return { suffix: '_bucket', labels: { method, route, le }, value: below };
      });
      return [
        ...buckets,
        { suffix: '_sum', labels: { method, route }, value: sum },
        { suffix: '_count', labels: { method, route }, value: below },
      ];
    });
    return [
      {
        name: 'mooring_http_requests_total',
        help: 'Requests that were answered, by route and status.',
        type: 'counter',
        samples: [...this.#answers.values()].map(({ count, ...labels }) => ({ labels, value: count })),
      },
      {
        name: 'mooring_http_request_duration_seconds',
        help: 'Time from the headers of a request to the end of its answer.',
        type: 'histogram',
        samples,
      },
    ];
  }
}
