import { readFile } from 'node:fs/promises';
import { parse as parsePath, resolve } from 'node:path';
import type { ArgumentFile } from '../argument-file.ts';
import { pythonReason } from '../argument-file.ts';
import { readYaml } from './config.ts';
import { configErrors } from './errors.ts';

export interface DeltaMetadata {
  /** Bytes of the new image. */
  installedSize: number;
  installedDigest: Uint8Array;
  precursorDigest: Uint8Array;
}

/** `dir/fw.delta` → `dir/fw.yaml` */
export function metadataFileOf(deltaFile: string): string {
  const { dir, name } = parsePath(deltaFile);
  return dir ? `${dir}/${name}.yaml` : `${name}.yaml`;
}

/** @throws MooringError `config.file.unreadable` with Python's words */
export async function readNamed(cwd: string, file: string): Promise<ArgumentFile> {
  try {
    return { file, data: await readFile(resolve(cwd, file)) };
  } catch (cause) {
    throw configErrors('config.file.unreadable', {
      message: pythonReason(cause, file),
      next: 'Paths in a config are relative to the current folder, not to the config file.',
      cause,
      data: { path: file },
    });
  }
}

/** A digest: `!!binary` whose bytes are once more base64, as manifest-delta-tool writes it, or the bytes themselves. */
function digest(value: unknown): Uint8Array | undefined {
  const bytes =
    value instanceof Uint8Array ? value : typeof value === 'string' ? Buffer.from(value, 'latin1') : undefined;
  if (!bytes) return undefined;
  const inner = bytes.length === 32 ? bytes : Buffer.from(Buffer.from(bytes).toString('latin1'), 'base64');
  return inner.length === 32 ? new Uint8Array(inner) : undefined;
}

/** @throws MooringError `config.delta.malformed` */
export function metadataOf(file: ArgumentFile): DeltaMetadata {
  const found = readYaml(file) as Partial<Record<string, unknown>> | null;
  const size = found?.['installed-size'];
  const [installedDigest, precursorDigest] = ['installed-digest', 'precursor-digest'].map((name) =>
    digest(found?.[name]),
  );
  if (Number.isSafeInteger(size) && (size as number) >= 0 && installedDigest && precursorDigest) {
    return { installedSize: size as number, installedDigest, precursorDigest };
  }
  throw configErrors('config.delta.malformed', {
    message: `${file.file} does not hold installed-size, installed-digest and precursor-digest as manifest-delta-tool writes them.`,
    next: 'Make the delta anew with manifest-delta-tool; the file has its name, ending in .yaml.',
    data: { path: file.file },
  });
}

/**
 * What manifest-delta-tool wrote beside the delta.
 *
 * @throws MooringError `config.file.unreadable`, `config.delta.malformed`
 */
export async function deltaMetadata(cwd: string, deltaFile: string): Promise<DeltaMetadata> {
  return metadataOf(await readNamed(cwd, metadataFileOf(deltaFile)));
}
