import { readFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { extract, pack } from 'tar-stream';

/** Rewrites a backup entry by entry; undefined drops one. */
export async function rewrite(
  file: string,
  change: (name: string, content: Buffer) => [string, Buffer] | undefined,
): Promise<Buffer> {
  const source = extract();
  const target = pack();
  source.end(gunzipSync(readFileSync(file)));
  for await (const entry of source) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry as AsyncIterable<unknown> as AsyncIterable<Buffer>) chunks.push(chunk);
    const changed = change(entry.header.name, Buffer.concat(chunks));
    if (changed) target.entry({ name: changed[0] }, changed[1]);
  }
  target.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of target as AsyncIterable<unknown> as AsyncIterable<Buffer>) chunks.push(chunk);
  return gzipSync(Buffer.concat(chunks));
}
