// node packaging/service/write-bundle.ts DIR: the bundle of the service alone, for a container of this machine's kind.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { addonsFor } from '../bundle.ts';
import { bundleService } from './bundle.ts';

const folder = process.argv[2];
if (folder === undefined) throw new Error('a folder to write to is needed');

function put(name: string, content: string | Uint8Array): void {
  const file = join(folder as string, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

const { files, licences, usesAddons } = await bundleService();
for (const [name, content] of files) put(name, content);
if (usesAddons) for (const [name, addon] of addonsFor(process.arch)) put(`native/${name}`, addon);
put('LICENCES.txt', licences);
