import { processIo } from '@mooring/terminal';
import { programs } from '../programs.ts';

process.exitCode = await programs['manifest-delta-tool'](process.argv.slice(2), processIo());
