// A long search for inputs that a decoder crashes on, hangs on or takes much memory for; `npm test` makes a short one.
//   node tools/with-node.cjs test/mutated-inputs/main.ts [INPUTS] [SEED]
import { writeFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';

export interface Job {
  readonly inputs: number;
  readonly seed: number;
  /** How many inputs were begun, and the length of the last one. */
  readonly progress: Int32Array;
  readonly current: Uint8Array;
}

/** No input takes near as long or as much: looks without progress, half a second apart, and MiB. */
const patience = 60;
const memory = 700;

const [inputs = 1_000_000, seed = Date.now() % 2 ** 31] = process.argv.slice(2).map(Number);
const job: Job = {
  inputs,
  seed,
  progress: new Int32Array(new SharedArrayBuffer(8)),
  current: new Uint8Array(new SharedArrayBuffer(1 << 20)),
};
const started = performance.now();
process.stdout.write(`${inputs} inputs, seed ${seed}\n`);
const worker = new Worker(new URL('worker.ts', import.meta.url), {
  workerData: job,
  resourceLimits: { maxOldGenerationSizeMb: memory },
});

function give(reason: string): never {
  const file = `mutated-input-${seed}.bin`;
  writeFileSync(file, job.current.slice(0, job.progress[1]));
  process.stdout.write(`${reason}; the input is in ${file}\n`);
  process.exit(1);
}

let seen = 0;
let idle = 0;
const watch = setInterval(() => {
  const count = job.progress[0] as number;
  // Counted and not timed: the whole process may have been stopped.
  idle = count === seen && count > 0 ? idle + 1 : 0;
  seen = count;
  if (idle > patience) give(`input ${count} takes for ever`);
  if (process.memoryUsage.rss() > memory * 2 ** 20) give(`the process has grown to ${memory} MiB`);
}, 500);

worker.on('message', ({ name, inputs, accepted, slowest, seconds }) => {
  const figures = `${inputs} inputs, ${accepted} accepted, ${seconds.toFixed(0)} s, slowest ${slowest.toFixed(1)} ms`;
  process.stdout.write(`${name}: ${figures}\n`);
});
worker.on('error', (error) => give(error.message));
worker.on('exit', () => {
  clearInterval(watch);
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  const rss = Math.round(process.resourceUsage().maxRSS / 1024);
  process.stdout.write(`${job.progress[0]} inputs in ${seconds} s, largest resident set ${rss} MiB\n`);
});
