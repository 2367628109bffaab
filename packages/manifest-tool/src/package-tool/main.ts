import { processIo, runProgram } from '@mooring/terminal';
import { program } from './program.ts';

process.exitCode = await runProgram(program, process.argv.slice(2), processIo());
