import { parentPort, workerData } from 'node:worker_threads';
import { decoders } from './decoders.ts';
import type { Job } from './main.ts';
import { search } from './search.ts';

const { inputs, seed, progress, current } = workerData as Job;
for (const [index, decoder] of decoders.entries()) {
  const share = Math.ceil(inputs / decoders.length);
  const started = performance.now();
  const outcome = await search(decoder, { inputs: share, seed: seed + index }, (input) => {
    progress[0] = (progress[0] as number) + 1;
    progress[1] = Math.min(input.length, current.length);
    current.set(input.subarray(0, current.length));
  });
  parentPort?.postMessage({ name: decoder.name, ...outcome, seconds: (performance.now() - started) / 1000 });
}
