import { open } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { fileError } from '@mooring/platform';
import { sqliteError } from '../storage/sqlite-errors.ts';

/**
 * Copies a database as it is at this moment, while it is being written, without what was deleted from it. In a thread of
 * its own, so that a large one does not stop the service meanwhile.
 *
 * @param target a path that does not exist; made with mode 0600
 * @throws MooringError `database.*`, `file.*`
 */
export async function snapshot(database: string, target: string): Promise<void> {
  try {
    // VACUUM INTO takes an empty file, and would make one with the umask.
    await (await open(target, 'wx', 0o600)).close();
  } catch (error) {
    throw fileError(error, target);
  }
  // As source, or beside the bundle that the Debian package has.
  const thread = import.meta.url.endsWith('.ts') ? './snapshot-thread.ts' : './snapshot-thread.js';
  const worker = new Worker(new URL(thread, import.meta.url), {
    workerData: { database, target },
    // Nothing of what the main thread was started with concerns it.
    execArgv: [],
  });
  await new Promise<void>((resolve, reject) => {
    worker.on('message', (failure: { errcode: number; message: string } | undefined) => {
      if (!failure) resolve();
      else reject(sqliteError(Object.assign(new Error(failure.message), { errcode: failure.errcode }), target));
    });
    worker.on('error', reject);
    worker.on('exit', (code) => reject(new Error(`the thread that copies the database ended with ${code}`)));
  });
  const copy = await open(target, 'r+');
  await copy.sync();
  await copy.close();
}

/** Reads from a snapshot; whatever is not there, because the schema is older or newer, is undefined. */
export function readSnapshot<T>(file: string, read: (query: (sql: string) => Record<string, unknown>[]) => T): T {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return read((sql) => {
      try {
        return database.prepare(sql).all();
      } catch (error) {
        if ((error as { errcode?: number }).errcode === 1) return [];
        throw sqliteError(error, file);
      }
    });
  } finally {
    database.close();
  }
}
