import { processIo, runProgram } from '@mooring/terminal';
import { program } from './program.ts';

// MBL's program has no commands: without one, the payload is updated to.
const words = process.argv.slice(2);
const names = program.groups.flatMap(({ commands }) => commands.map(({ name }) => name));
const isWhole = words.length === 1 && ['-h', '--help', '--version'].includes(words[0] ?? '');
const isCommand = names.includes(words[0] ?? '');
process.exitCode = await runProgram(program, isWhole || isCommand ? words : ['update', ...words], processIo());
