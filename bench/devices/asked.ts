// Loaded before a server (`node --expose-gc --import`): it tells what it takes when it is asked.
export interface Taken {
  /** Bytes. */
  readonly resident: number;
  readonly heap: number;
}

const collect = globalThis.gc as () => void;

process.on('message', (message) => {
  if (message !== 'taken') return;
  for (let round = 0; round < 3; round++) collect();
  setTimeout(() => {
    collect();
    const { rss: resident, heapUsed: heap } = process.memoryUsage();
    process.send?.({ resident, heap } satisfies Taken);
  }, 300);
});
process.channel?.unref();
