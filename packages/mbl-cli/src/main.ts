import { processIo } from '@mooring/terminal';
import { runMblCli } from './run.ts';

process.exitCode = await runMblCli(process.argv.slice(2), processIo());
