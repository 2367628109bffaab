import { stat } from 'node:fs/promises';
import { fileError } from '@mooring/platform';

/** Permission bits of what is made inside a store. */
export interface StoreModes {
  config: number;
  certificateFolder: number;
  privateKey: number;
  other: number;
}

/**
 * A Team Store counts as shared on purpose once its group may list and enter it; the mode that it is made with
 * (drwxrw----) does not allow that. Private keys are then for the group to read, else for the owner alone.
 */
export async function teamModes(folder: string): Promise<StoreModes> {
  const group = await stat(folder).then(
    (found) => found.mode & 0o070,
    (error: unknown) => {
      throw fileError(error, folder);
    },
  );
  const shared = (group & 0o050) === 0o050;
  return {
    // The old tool touches the file when it reads it, which needs leave to write.
    config: shared ? 0o660 : 0o640,
    certificateFolder: shared ? 0o700 | group : 0o700,
    privateKey: shared ? 0o640 : 0o600,
    other: 0o640,
  };
}
