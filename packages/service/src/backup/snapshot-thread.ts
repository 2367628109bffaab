import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';

const { database, target } = workerData as { database: string; target: string };
let failure: { errcode: number; message: string } | undefined;
try {
  const source = new DatabaseSync(database, { readOnly: true, timeout: 30_000 });
  source.prepare('vacuum into ?').run(target);
  source.close();
} catch (error) {
  failure = { errcode: Number((error as { errcode?: number }).errcode ?? 1), message: (error as Error).message };
}
parentPort?.postMessage(failure);
