import { processIo } from '@mooring/terminal';
import { programs } from '../programs.ts';

process.exitCode = await programs['manifest-package-tool'](process.argv.slice(2), processIo());
