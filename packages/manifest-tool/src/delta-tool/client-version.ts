import { deltaMagic } from '@mooring/manifest';
import { deltaToolErrors } from './errors.ts';

/** By which a client that applies deltas is known in its image. */
export const versionString = /PELION\/BSDIFF\d{3}/;

/**
 * Checks that the client in an image can apply the deltas that are made here, by the version string of its library.
 *
 * @param file as typed
 * @throws MooringError `delta.version.missing`, `delta.version.unknown`
 */
export function requireKnownVersion(image: Uint8Array, file: string): void {
  const text = Buffer.from(image.buffer, image.byteOffset, image.length).toString('latin1');
  const found = versionString.exec(text)?.[0];
  if (found === deltaMagic) return;
  if (found === undefined) {
    throw deltaToolErrors('delta.version.missing', {
      message: 'Version details not found',
      next: `${file} does not contain ${deltaMagic}: give the image that runs on the devices now, without headers and not packed, with a client that was built with support for delta updates.`,
      data: { path: file },
    });
  }
  throw deltaToolErrors('delta.version.unknown', {
    message: `Bspatch version in ${file} is ${found}, which is incompatible with this version of delta-tool (${deltaMagic}).`,
    next: 'Update such devices with the whole image.',
    data: { path: file, found },
  });
}
