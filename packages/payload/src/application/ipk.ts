import { type ArMember, readAr, writeAr } from '../archive/ar.ts';
import { readTar, type TarEntry } from '../archive/tar-reader.ts';
import { type TarInput, writeTar } from '../archive/tar-writer.ts';
import { type ByteSource, collect } from '../byte-reader.ts';
import { pack, unpack } from '../compression/compression.ts';
import { payloadErrors } from '../errors.ts';
import { type Control, formatControl, parseControl } from './control.ts';

const largestControl = 1024 * 1024;
const versionText = '2.0\n';

export interface Ipk {
  readonly control: Control;
  /** What the package puts onto the device, as it comes; nothing of it is in memory. */
  readonly entries: AsyncGenerator<TarEntry, void, undefined>;
}

const malformed = (what: string, reason: string) =>
  payloadErrors('payload.malformed', {
    message: `${what} is no package of an application: ${reason}.`,
    next: 'Make the package again with opkg-build.',
  });

/**
 * Opens an `.ipk`: `debian-binary`, the control archive, the data archive, in this order, as opkg-build and dpkg-deb write
 * it (opkg's older form, a tar of the three, is not read). Archives packed with gzip, xz, zstd or not at all.
 *
 * @throws MooringError `payload.*`
 */
export async function openIpk(source: ByteSource, what: string): Promise<Ipk> {
  const members = readAr(source, what);
  const next = async (name: string): Promise<ArMember> => {
    const found = await members.next();
    if (found.done || !found.value.name.startsWith(name)) throw malformed(what, `${name} expected`);
    return found.value;
  };
  try {
    const version = await next('debian-binary');
    const said = Buffer.from(await collect(version.content, 64, 'debian-binary')).toString('latin1');
    if (!said.startsWith('2.')) throw malformed(what, `version ${JSON.stringify(said)}`);
    const control = await readControl((await next('control.tar')).content, what);
    const data = await next('data.tar');
    return { control, entries: dataEntries(data.content, members, what) };
  } catch (error) {
    await members.return(undefined);
    throw error;
  }
}

async function readControl(content: ByteSource, what: string): Promise<Control> {
  for await (const entry of readTar(unpack(content), `the control archive of ${what}`)) {
    if (entry.path !== 'control' || entry.kind !== 'file') continue;
    return parseControl(Buffer.from(await collect(entry.content, largestControl, 'control')).toString('utf8'));
  }
  throw malformed(what, 'the control archive has no file "control"');
}

async function* dataEntries(content: ByteSource, members: AsyncGenerator<ArMember>, what: string) {
  try {
    yield* readTar(unpack(content), `the data archive of ${what}`);
    const more = await members.next();
    if (!more.done) throw malformed(what, `${more.value.name} after the data archive`);
  } finally {
    await members.return(undefined);
  }
}

/** Larger ones are written with opkg-build: here everything is in memory. */
const largestPackage = 512 * 1024 * 1024;

/** An `.ipk` that is the same whenever it is made from the same content. */
export async function writeIpk(
  fields: Readonly<Record<string, string>>,
  entries: Iterable<TarInput> | AsyncIterable<TarInput>,
): Promise<Uint8Array> {
  const control = Buffer.from(formatControl(fields));
  parseControl(control.toString('utf8'));
  const controlTar = writeTar([{ path: 'control', size: control.length, content: [control] }]);
  return writeAr([
    { name: 'debian-binary', data: Buffer.from(versionText) },
    { name: 'control.tar.gz', data: await collect(pack('gzip', controlTar), largestPackage, 'control.tar.gz') },
    { name: 'data.tar.xz', data: await collect(pack('xz', writeTar(entries)), largestPackage, 'data.tar.xz') },
  ]);
}
