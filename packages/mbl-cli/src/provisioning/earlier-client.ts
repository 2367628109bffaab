import { clientItemsFolder, clientStoreFolder, isBootstrapped } from '@mooring/credentials';
import type { Connection } from '../ssh/connection.ts';
import { run, succeeded } from '../ssh/remote-command.ts';

/** What MBL's own client keeps on the device; nothing if it never ran there. */
export interface EarlierClient {
  readonly folder: string;
  /**
   * An earlier service gave it an account. MBL's own provisioning program leaves that in place, and the client goes on
   * to register with it, whatever the device is provisioned with.
   */
  readonly bootstrapped: boolean;
}

export async function findEarlierClient(
  connection: Connection,
  signal: AbortSignal,
): Promise<EarlierClient | undefined> {
  const found = await run(connection, `ls -1 ${clientStoreFolder}/${clientItemsFolder}`, { signal });
  const names = found.stdout.toString('utf8').split('\n').filter(Boolean);
  if (!succeeded(found) || names.length === 0) return undefined;
  return { folder: clientStoreFolder, bootstrapped: isBootstrapped(names) };
}

const unit = 'mbl-cloud-client';

/**
 * A shell command that provisions a device whose client begins anew: what the client has is put aside, and put back if
 * the program fails. All of it happens on the device, so that a lost connection leaves the old state or the new one;
 * after a power cut the old one is in the folder with `.before` at its end.
 */
export function provisionAnew(program: string, folder: string): string {
  const aside = `${folder}.before`;
  const begin = `rm -rf ${aside} && mv ${folder} ${aside} && mkdir -m 700 ${folder}`;
  const putBack = `rm -rf ${folder} && mv ${aside} ${folder}`;
  return [
    "trap '' HUP PIPE",
    `systemctl stop ${unit} >/dev/null 2>&1`,
    `if ${begin}; then if ${program}; then status=0; rm -rf ${aside}; else status=$?; ${putBack}; fi; else status=1; fi`,
    `systemctl start ${unit} >/dev/null 2>&1`,
    'exit $status',
  ].join('; ');
}
