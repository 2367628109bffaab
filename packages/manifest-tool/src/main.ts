import { processIo } from '@mooring/terminal';
import { runManifestTool } from './run.ts';

process.exitCode = await runManifestTool(process.argv.slice(2), processIo());
