import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileError } from '@mooring/platform';
import { firmwareErrors } from '../errors.ts';

/** An update package of this machine. */
export interface FirmwareFile {
  path: string;
  /** Its name on the device. */
  name: string;
  size: number;
  /** SHA-256, 64 hex digits. */
  sha256: string;
  /** True for a package that replaces the root file system, as far as it says so. */
  hasRoot: boolean;
}

/** `sw-description` is the first file of a package and names what is in it. */
const headSize = 8_192;

/** @throws MooringError `firmware.file.empty`, `file.*` */
export async function readFirmwareFile(path: string): Promise<FirmwareFile> {
  const failed = (error: unknown) => {
    throw fileError(error, path);
  };
  const found = await stat(path).catch(failed);
  if (found.isFile() && found.size > 0) {
    const [head, sha256] = await Promise.all([headOf(path), digestOf(path)]).catch(failed);
    return { path, name: basename(path), size: found.size, sha256, hasRoot: /"ROOTFSv\d+"/.test(head) };
  }
  throw firmwareErrors('firmware.file.empty', {
    message: `${path} is ${found.isFile() ? 'empty' : 'not a file'}.`,
    next: 'Name an update package: a .swu of `mooring payload create` or of create-update-payload.',
    data: { path },
  });
}

async function headOf(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headSize), 0, headSize, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await file.close();
  }
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
  return hash.digest('hex');
}
