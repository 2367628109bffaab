// node packaging/mbl-cli/write-bundle.ts DIR: mbl-cli, for a machine with Node 24 alone.
import { writeMblCli } from './bundle.ts';

const folder = process.argv[2];
if (folder === undefined) throw new Error('a folder to write to is needed');
await writeMblCli(folder);
