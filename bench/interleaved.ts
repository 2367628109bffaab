/** One way of doing what is compared. */
export interface Way {
  readonly name: string;
  run(): unknown;
}

export interface Measured {
  readonly name: string;
  /** CPU time of one run in microseconds, of all threads of this process: the median of the rounds. */
  readonly cpu: number;
}

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
};

/**
 * Measures ways in turn, a short slice of each in every round: what else the machine does then falls on all of them
 * alike, and their ratios can be trusted where the times cannot.
 *
 * @param runs of each way in a slice, so that a slice takes some tens of milliseconds and is mostly warm
 */
export async function inTurn(ways: readonly Way[], { rounds = 25, runs = 800 } = {}): Promise<Measured[]> {
  const slices = ways.map((): number[] => []);
  const warmUp = Math.ceil(rounds / 6);
  for (let round = -warmUp; round < rounds; round++) {
    for (const [index, way] of ways.entries()) {
      const before = process.cpuUsage();
      for (let run = 0; run < runs; run++) await way.run();
      const { user, system } = process.cpuUsage(before);
      if (round >= 0) slices[index]?.push((user + system) / runs);
    }
  }
  return ways.map(({ name }, index) => ({ name, cpu: median(slices[index] ?? []) }));
}

/** Writes a table with aligned columns to standard output. */
export function table(rows: readonly (readonly string[])[]): void {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  for (const row of rows) {
    const cells = row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
    );
    process.stdout.write(`${cells.join('  ').trimEnd()}\n`);
  }
}
