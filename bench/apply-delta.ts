// node apply-delta.ts OLD DELTA NEW: applies a delta from file to file, as a device does. Without arguments it only starts.
import { createReadStream, createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { applyDeltaStream } from '@mooring/manifest';
import { openForReading } from '@mooring/platform';

const [old, delta, image] = process.argv.slice(2);
if (old !== undefined && delta !== undefined && image !== undefined) {
  const access = await openForReading(old);
  await pipeline(Readable.from(applyDeltaStream(access, createReadStream(delta))), createWriteStream(image));
  await access.close();
}
