// node packaging/manifest-tools/write-bundle.ts DIR: manifest-tool and its siblings, for a machine with Node 24 alone.
import { writeManifestTools } from './bundle.ts';

const folder = process.argv[2];
if (folder === undefined) throw new Error('a folder to write to is needed');
await writeManifestTools(folder);
