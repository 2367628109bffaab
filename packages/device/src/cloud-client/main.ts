import { processIo, runProgram } from '@mooring/terminal';
import { program } from './command.ts';

// MBL's daemon takes no words: without any, ours runs too.
const [, , ...words] = process.argv;
const isCommand = words[0] !== undefined && !words[0].startsWith('-');
const isHelp = words.some((word) => word === '-h' || word === '--help' || word === '--version');
process.exitCode = await runProgram(program, isCommand || isHelp ? words : ['run', ...words], processIo());
