/** Each bucket is so much wider than the one before: a percentile is right to 2.5 %. */
const growth = Math.log(1.05);

/** Counts by bucket: `[bucket, count]`, as it goes from one process to another. */
export type HistogramCounts = readonly (readonly [bucket: number, count: number])[];

export interface Percentiles {
  readonly count: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** How long things took, in as much memory however many they are. */
export class Histogram {
  readonly #counts = new Map<number, number>();

  /** @param milliseconds below 1 µs counts as 1 µs */
  add(milliseconds: number): void {
    const bucket = Math.ceil(Math.log(Math.max(milliseconds, 0.001)) / growth);
    this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + 1);
  }

  merge(counts: HistogramCounts): void {
    for (const [bucket, count] of counts) this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + count);
  }

  get counts(): HistogramCounts {
    return [...this.#counts];
  }

  get count(): number {
    return this.counts.reduce((sum, [, count]) => sum + count, 0);
  }

  /** Undefined where nothing was counted. */
  percentiles(): Percentiles | undefined {
    const { count } = this;
    if (count === 0) return undefined;
    const sorted = this.counts.toSorted(([a], [b]) => a - b);
    const at = (share: number): number => {
      let left = Math.ceil(count * share);
      const found = sorted.find(([, here]) => (left -= here) <= 0);
      const middle = Math.exp(((found?.[0] ?? 0) - 0.5) * growth);
      return Number(middle.toPrecision(3));
    };
    return { count, p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
  }
}
