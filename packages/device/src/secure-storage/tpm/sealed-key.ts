import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileError } from '@mooring/platform';
import { complaint } from '../spawned-tool.ts';
import { storageErrors } from '../storage-errors.ts';
import type { Tpm } from './tools.ts';

/** Two parts as the TPM gives them, the private one encrypted by a key that never leaves it. */
export interface SealedKey {
  readonly public: Uint8Array;
  readonly private: Uint8Array;
}

/** tpm2-tools hand everything on in files: they lie in a folder of mode 0700 that is gone afterwards. */
async function inFolder<T>(temporary: string, work: (path: (name: string) => string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(temporary, 'mooring-tpm-')).catch((error: unknown) => {
    throw fileError(error, temporary);
  });
  try {
    return await work((name) => join(folder, name));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * The same parent every time: it is derived from the owner's seed, which ends when the TPM is cleared. `noda`, for a
 * TPM that loses its power counts what was used under dictionary attack protection as a wrong password (Part 1
 * §19.8.6): a board that is switched off hard a few times would lock itself out.
 */
function makeParent(tpm: Tpm, context: string): Promise<Buffer> {
  const attributes = 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|decrypt';
  const what = ['-g', 'sha256', '-G', 'ecc256:aes128cfb', '-a', attributes];
  return tpm.must('tpm2_createprimary', ['-Q', '-C', 'o', ...what, '-c', context]);
}

/** Part 3 §12.1. The object cannot be moved to another TPM, and wrong passwords elsewhere do not lock it. */
export function sealKey(tpm: Tpm, key: Uint8Array, temporary: string): Promise<SealedKey> {
  return inFolder(temporary, async (path) => {
    await makeParent(tpm, path('parent'));
    const attributes = 'fixedtpm|fixedparent|noda|userwithauth';
    const where = ['-C', path('parent'), '-u', path('public'), '-r', path('private')];
    await tpm.must('tpm2_create', ['-Q', ...where, '-g', 'sha256', '-a', attributes, '-i', '-'], key);
    return { public: await readFile(path('public')), private: await readFile(path('private')) };
  });
}

/** @throws MooringError `storage.key.elsewhere`, `storage.key.tool.failed` */
export function unsealKey(tpm: Tpm, sealed: SealedKey, temporary: string): Promise<Uint8Array> {
  return inFolder(temporary, async (path) => {
    await writeFile(path('public'), sealed.public, { mode: 0o600 });
    await writeFile(path('private'), sealed.private, { mode: 0o600 });
    await makeParent(tpm, path('parent'));
    const where = ['-C', path('parent'), '-u', path('public'), '-r', path('private'), '-c', path('key')];
    const { status, said } = await tpm.run('tpm2_load', ['-Q', ...where]);
    // An error of a parameter (RC_FMT1 with the P bit): integrity, size, type of what the file had.
    if (status !== 0 && /tpm:parameter\(|0x[0-9a-f]*[1-9a-f]d[0-9a-f]\b.*parameter|unmarshal/i.test(said)) {
      throw storageErrors('storage.key.elsewhere', {
        message: `The TPM of this device did not seal the key of the secure storage, or was cleared since, or the seal was changed: ${complaint(said)}.`,
        next: 'A storage works on the device that wrote it alone. Move the folder away and provision this device.',
      });
    }
    if (status !== 0) throw tpm.failure('tpm2_load', said);
    return tpm.must('tpm2_unseal', ['-c', path('key')]);
  });
}
