import type { Seen, Simulation } from '@mooring/simulator/fleet';

/** What was seen when it is so, or after so many seconds. */
export async function until(simulation: Simulation, isSo: (seen: Seen) => boolean, seconds: number): Promise<Seen> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const seen = await simulation.seen();
    if (isSo(seen) || performance.now() > end) return seen;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
