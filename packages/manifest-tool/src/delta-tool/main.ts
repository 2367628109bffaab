import { processIo, runProgram } from '@mooring/terminal';
import { program, withCommand } from './program.ts';

process.exitCode = await runProgram(program, withCommand(process.argv.slice(2)), processIo());
