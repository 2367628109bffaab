import type { BinItem } from '@mooring/credentials';
import type { Connection } from '../ssh/connection.ts';
import { describeTarget } from '../ssh/target.ts';
import { type EarlierClient, findEarlierClient } from './earlier-client.ts';
import { checkProgram, provision } from './on-device.ts';
import { makeFolder, removeFolder, transfer, type UploadFolder } from './upload-folder.ts';

export interface DeliveryWorld {
  /** Runs something over a connection of its own, for when the first one broke. */
  anew<T>(work: (connection: Connection) => Promise<T>): Promise<T>;
  signal: AbortSignal;
  onStdout(chunk: Buffer): void;
  onStderr(chunk: Buffer): void;
  warn(text: string): void;
  /** Whether what the earlier client has is to be wiped. */
  wipe(earlier: EarlierClient): Promise<boolean>;
  /** What `-v` shows. */
  remark(text: string): void;
}

export interface Delivered {
  /** What the program on the device wrote. */
  output: string;
  /** What MBL's own client had on the device, if it ever ran there. */
  earlierClient?: EarlierClient & { wiped: boolean };
  /** False if the certificates may still lie in the device's folder. */
  cleaned: boolean;
}

/**
 * Provisions one device over one connection. What can fail for reasons of the device is tried before `supply` is asked
 * for the files.
 *
 * @throws MooringError `provision.*`, `ssh.*`, and what `supply` throws
 */
export async function deliver(
  connection: Connection,
  supply: () => Promise<readonly BinItem[]>,
  world: DeliveryWorld,
): Promise<Delivered> {
  const { signal, remark, onStdout, onStderr } = world;
  await checkProgram(connection, signal);
  const earlier = await findEarlierClient(connection, signal);
  const wiped = earlier !== undefined && (await world.wipe(earlier));
  let cleaned = false;
  let folder: UploadFolder | undefined;
  let output = '';
  try {
    folder = await makeFolder(connection, signal);
    remark('The device is ready.');
    const items = await supply();
    remark(`Copying ${items.length} files to the device.`);
    await transfer(connection, items, signal);
    remark('Starting the provisioning program on the device.');
    const { stdout } = await provision(connection, { signal, onStdout, onStderr }, wiped ? earlier.folder : undefined);
    output = stdout.toString('utf8');
  } finally {
    cleaned =
      (await (folder?.remove() ?? removeFolder(connection))) || (await world.anew(removeFolder).catch(() => false));
    if (!cleaned) {
      world.warn(
        `Warning: the certificates could not be removed from ${describeTarget(connection.target)}. Remove /scratch/provisioning-certs there: it holds a private key.`,
      );
    }
  }
  return { output, cleaned, ...(earlier && { earlierClient: { ...earlier, wiped } }) };
}
