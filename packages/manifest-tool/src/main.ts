import { processIo, runProgram } from '@mooring/terminal';
import { manifestTool } from './program.ts';

const io = processIo();
process.exitCode = await runProgram(manifestTool(io), process.argv.slice(2), io);
