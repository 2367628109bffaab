import { errorFamily, isMooringError } from '@mooring/platform';

export const storageErrors = errorFamily({
  'storage.locked': 'Another process is changing the secure storage of this device.',
  'storage.damaged': 'The file of the secure storage is not what was written: a bit error, or somebody changed it.',
  'storage.version': 'The secure storage was written by a later version of this software.',
  'storage.rolled.back': 'The secure storage is older than the one this device had last: an old copy was put back.',
  'storage.full': 'There is no room on the disk for the new content of the secure storage; the old one is unchanged.',
  'storage.folder.exposed': 'The folder of the secure storage may be entered by other users of the device.',
  'storage.item.invalid': 'A name, type or size that the secure storage does not take.',
  'storage.key.missing': 'There is a secure storage but not the key it was written with.',
  'storage.key.wrong': 'The key is not the one the secure storage was written with.',
  'storage.key.malformed': 'The key file does not hold a key.',
  'storage.key.provider':
    'The secure storage was written with the key of another provider than the one that was asked for.',
  'storage.key.elsewhere':
    'The key of the secure storage was sealed by another TPM, host or token, or what it was sealed with is gone.',
  'storage.key.setting': 'The setting of the key provider is not one that there is.',
  'storage.key.unused': 'There is no secure storage yet, so its key cannot be changed.',
  'storage.key.tool.missing': 'The program that speaks with the key provider is not installed.',
  'storage.key.tool.failed': 'The TPM, the system credentials or the token did not do what was asked.',
  'storage.counter.missing':
    'The TPM counter that tells old copies of the secure storage is gone, or something else is in its place.',
  'storage.key.exposed': 'The key file may be read by other users of the device.',
});

/** A failed file operation while the storage was written, in the storage's own words where it has some. */
export function writeFailure(error: unknown, folder: string): unknown {
  if (!isMooringError(error)) return error;
  if (error.code === 'file.disk.full') {
    return storageErrors('storage.full', {
      message: `There is no room on the disk for the secure storage ${folder}; what it held is unchanged.`,
      next: 'Free some space and repeat the command.',
      cause: error,
      data: { folder },
    });
  }
  if (error.code === 'lock.busy') {
    return storageErrors('storage.locked', {
      message: `Another process is changing the secure storage ${folder}.`,
      next: 'Wait for it to end and repeat the command.',
      cause: error,
      data: { folder },
    });
  }
  return error;
}
