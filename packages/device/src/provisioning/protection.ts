import type { Protection } from '../secure-storage/storage.ts';

/** What an owner has to know about the key's place; undefined where both copying and rolling back are noticed. */
export function protectionLine({ provider, place, sees }: Protection): string | undefined {
  if (sees.copies && sees.rollback) return undefined;
  const better = 'Where the device has a TPM, "--migrate-key --key tpm" mends that.';
  if (provider === 'file') {
    return `The key of the secure storage is in the file ${place.slice('file:'.length)}: a copy of both works elsewhere, and neither copying nor putting an older copy back can be seen. ${better}`;
  }
  if (!sees.copies) {
    return `The key of the secure storage is sealed with the host's secret, which is a file too: neither copying the whole disk nor putting an older copy of the storage back can be seen. ${better}`;
  }
  return `A copy of the secure storage is of no use elsewhere, but putting an older copy back on this device cannot be seen. ${better}`;
}

/** For `--json`; undefined where nothing is stored. */
export function protectionData(found: Protection | undefined): Record<string, unknown> | undefined {
  if (!found) return undefined;
  const { provider, place, sees } = found;
  return { provider, place, seesCopies: sees.copies, seesRollback: sees.rollback };
}
