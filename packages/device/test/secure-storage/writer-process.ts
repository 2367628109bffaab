// Started by kill.test.ts: writes one set after the other until it is killed, and tells the generation of each that
// is done.
import { fileKeyProvider } from '../../src/secure-storage/file-key.ts';
import { SecureStorage } from '../../src/secure-storage/storage.ts';
import { setOf } from './numbered-set.ts';

const [folder = '', keyFile = ''] = process.argv.slice(2);
const storage = await SecureStorage.open({ folder, keyProvider: fileKeyProvider(keyFile) });
let number = await storage.read(async ({ generation }) => Number(generation));
process.stdout.write('ready\n');
for (;;) {
  number += 1;
  const generation = await storage.transaction({ put: setOf(number) });
  process.stdout.write(`${generation}\n`);
}
