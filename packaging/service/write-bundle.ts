// node packaging/service/write-bundle.ts DIR: the bundle of the service alone, for a container.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bundleService } from './bundle.ts';

const folder = process.argv[2];
if (folder === undefined) throw new Error('a folder to write to is needed');
const { files, licences } = await bundleService();
for (const [name, content] of files) {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), content);
}
writeFileSync(join(folder, 'LICENCES.txt'), licences);
