import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, open, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileError, syncFolder, writeFileAtomic } from '@mooring/platform';
import { writeCpio } from '../archive/cpio.ts';
import { writeTar } from '../archive/tar-writer.ts';
import type { ByteSource } from '../byte-reader.ts';
import { payloadErrors } from '../errors.ts';
import { descriptionName, formatDescription } from '../image/description.ts';
import {
  appsArchive,
  bootArchive,
  bootloaderArchive,
  bootloaderImage,
  readApps,
  rootArchive,
  rootImage,
  sizeAndDigest,
} from './parts.ts';
import { cpioInput, fileBytes, type Staged, stage } from './staged.ts';
import { type TestedImage, testInfo } from './test-info.ts';

/** 1: MBL 0.9. 3: MBL 0.10. 4: MBL 0.11 and Mooring. */
export type PayloadFormat = 1 | 3 | 4;

export interface PayloadInput {
  readonly output: string;
  readonly format?: PayloadFormat;
  /** Paths of `.ipk` files. */
  readonly apps?: readonly string[];
  /** Image of a file system (ext4; packed with gzip or not); for formats 1 and 3 a tar archive. */
  readonly rootfs?: string;
  /** Folder with the files of the boot partition. */
  readonly kernel?: string;
  /** Raw images, by slot. */
  readonly bootloaders?: Readonly<Partial<Record<1 | 2, string>>>;
  /** Images of other kinds, for a plugin of the device: they go in as they are. */
  readonly others?: readonly { readonly type: string; readonly path: string }[];
  /** Where to write what MBL's tests look at. */
  readonly testInfo?: string;
}

export interface CreatedPayload {
  readonly path: string;
  readonly format: PayloadFormat;
  /** Bytes. */
  readonly size: number;
  /** Hex. */
  readonly sha256: string;
  readonly images: readonly { readonly type: string; readonly filename: string; readonly size: number }[];
}

interface Part extends TestedImage {
  readonly filename: string;
  readonly compressed?: 'zlib';
  content(): ByteSource | Promise<ByteSource>;
}

/** The payload format that a release of MBL takes. */
export function formatOfMbl(version: string): PayloadFormat | undefined {
  const [, minor] = /^0\.(\d+)(?:\.\d+)*$/.exec(version) ?? [];
  const formats: Readonly<Record<string, PayloadFormat>> = { 9: 1, 10: 3, 11: 4 };
  return minor === undefined ? undefined : formats[minor];
}

/** In the order in which a device installs them: boot components, applications, the root file system last. */
async function partsOf(input: PayloadInput, format: PayloadFormat): Promise<Part[]> {
  const { apps = [], rootfs, kernel, bootloaders = {}, others = [] } = input;
  const parts: Part[] = [];
  for (const slot of [1, 2] as const) {
    const path = bootloaders[slot];
    if (path === undefined) continue;
    const type = format === 1 ? `WKS_BOOTLOADER${slot}` : `WKS_BOOTLOADER${slot}v3`;
    parts.push({
      type,
      filename: format === 1 ? `${type}.tar.xz` : `${type}.xz`,
      bootloader: { slot, ...(await sizeAndDigest(path)) },
      content: () => (format === 1 ? bootloaderArchive(path, type) : bootloaderImage(path)),
    });
  }
  if (kernel !== undefined) {
    const type = format === 1 ? 'BOOT' : 'BOOTv3';
    parts.push({ type, filename: `${type}.tar.xz`, content: () => bootArchive(kernel, format === 1 ? 'BOOT/' : '') });
  }
  const read = await readApps(apps);
  if (read.length > 0) {
    parts.push({ type: 'APPSv3', filename: 'APPSv3.tar.xz', apps: read, content: () => appsArchive(read) });
  }
  for (const { type, path } of others) parts.push({ type, filename: basename(path), content: () => fileBytes(path) });
  if (rootfs !== undefined) parts.push(rootPart(rootfs, format));
  return parts;
}

function rootPart(path: string, format: PayloadFormat): Part {
  if (format === 4) {
    return { type: 'ROOTFSv4', filename: 'ROOTFSv4.ext4.gz', compressed: 'zlib', content: () => rootImage(path) };
  }
  const type = format === 3 ? 'ROOTFSv3' : 'rootfs';
  return { type, filename: `${type}.tar.xz`, content: () => rootArchive(path) };
}

/**
 * Makes an update payload of MBL. The same input gives the same bytes, with the same release of `xz`. The output is
 * replaced as a whole; what is in memory at a time does not grow with the images.
 *
 * @throws MooringError `payload.input`, `payload.*`, `file.*`
 */
export async function createPayload(input: PayloadInput): Promise<CreatedPayload> {
  const format = input.format ?? 4;
  if (format === 1 && (input.others ?? []).length > 0) {
    throw payloadErrors('payload.input', { message: 'Format 1 has no images of other kinds.', next: 'Use format 4.' });
  }
  const parts = await partsOf(input, format);
  if (parts.length === 0) {
    throw payloadErrors('payload.input', {
      message: 'No input arguments given.',
      next: 'Name applications, a root file system, the files of the boot partition or a bootloader.',
    });
  }
  const folder = await mkdtemp(join(tmpdir(), 'mooring-payload-'));
  try {
    const archive = format === 1 ? await tarArchive(folder, parts) : await swuArchive(folder, parts);
    const written = await writeWhole(input.output, archive.bytes);
    if (input.testInfo !== undefined) {
      await writeFileAtomic(input.testInfo, `${JSON.stringify(testInfo(parts), null, 2)}\n`);
    }
    return { path: input.output, format, ...written, images: archive.images };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Archive {
  readonly bytes: ByteSource;
  readonly images: CreatedPayload['images'];
}

async function stageAll(folder: string, parts: readonly Part[]): Promise<Staged[]> {
  const staged: Staged[] = [];
  for (const { filename, content } of parts) {
    staged.push(await stage(filename, join(folder, `${staged.length}`), await content()));
  }
  return staged;
}

const imagesOf = (parts: readonly Part[], staged: readonly Staged[]): CreatedPayload['images'] =>
  parts.map(({ type, filename }, index) => ({ type, filename, size: staged[index]?.size ?? 0 }));

async function swuArchive(folder: string, parts: readonly Part[]): Promise<Archive> {
  const text = formatDescription({ version: '0.0.0', images: parts });
  const description = await stage(descriptionName, join(folder, descriptionName), [Buffer.from(text)]);
  const staged = await stageAll(folder, parts);
  return { bytes: writeCpio([description, ...staged].map(cpioInput)), images: imagesOf(parts, staged) };
}

async function tarArchive(folder: string, parts: readonly Part[]): Promise<Archive> {
  const others = parts.filter(({ apps }) => !apps);
  const staged = await stageAll(folder, others);
  const apps = parts.flatMap((part) => part.apps ?? []);
  const packages = await Promise.all(
    apps.map(async ({ path }) => ({ name: basename(path), path, size: (await sizeAndDigest(path)).size })),
  );
  const mode = 0o444;
  return {
    bytes: writeTar([
      { path: 'payload_format_version', mode, size: 1, content: [Buffer.from('1')] },
      ...[...staged, ...packages].map(({ name, path, size }) => ({ path: name, size, content: fileBytes(path) })),
    ]),
    images: [...imagesOf(others, staged), ...packages.map(({ name, size }) => ({ type: 'APP', filename: name, size }))],
  };
}

async function writeWhole(path: string, bytes: ByteSource): Promise<{ size: number; sha256: string }> {
  const beside = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  const digest = createHash('sha256');
  let size = 0;
  try {
    const file = await open(beside, 'wx', 0o644);
    try {
      for await (const piece of bytes) {
        digest.update(piece);
        size += piece.length;
        await file.writeFile(piece);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(beside, { force: true });
    throw fileError(error, path);
  }
  return { size, sha256: digest.digest('hex') };
}
