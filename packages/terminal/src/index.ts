export type { Command, CommandContext, Example, Option, Positional, Program, Values } from './command.ts';
export { type Io, type Output, processIo } from './io.ts';
export type { OpenQuestion, Prompter } from './prompt.ts';
export { commandReference } from './reference.ts';
export { runProgram } from './run.ts';
export { type StatusLine, statusLine } from './status-line.ts';
export { terminalErrors } from './terminal-errors.ts';
