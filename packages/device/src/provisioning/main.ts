import { processIo } from '@mooring/terminal';
import { runUtility } from './run.ts';

process.exitCode = await runUtility(process.argv.slice(2), processIo());
