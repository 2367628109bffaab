import { isMooringError } from '@mooring/platform';
import type { Decoder } from './decoders.ts';
import { mutated, seeded } from './mutate.ts';

export interface Outcome {
  readonly inputs: number;
  readonly accepted: number;
  /** The slowest input, in milliseconds of CPU time. */
  readonly slowest: number;
}

/** Milliseconds; of this thread alone, and while it is stopped or waits for others none pass. */
function cpuTime(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/**
 * Gives a decoder changed inputs; the same ones for the same seed.
 *
 * @param before told each input before it is read, so that one can be named that ends the process
 * @throws Error with the input in hexadecimal where the decoder throws anything but an error of its own
 */
export async function search(
  { name, seeds, read }: Decoder,
  { inputs, seed }: { inputs: number; seed: number },
  before: (input: Uint8Array) => void = () => undefined,
): Promise<Outcome> {
  const random = seeded(seed);
  let accepted = 0;
  let slowest = 0;
  for (let index = 0; index < inputs; index++) {
    const input = mutated(seeds, random);
    before(input);
    const started = cpuTime();
    try {
      await read(input);
      accepted++;
    } catch (error) {
      if (!isMooringError(error) || error.code === 'internal') {
        throw new Error(`${name}: ${error}\ninput ${index}: ${Buffer.from(input).toString('hex')}`, { cause: error });
      }
    }
    slowest = Math.max(slowest, cpuTime() - started);
  }
  return { inputs, accepted, slowest };
}
