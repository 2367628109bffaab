import { errorFamily } from '@mooring/platform';

export const terminalErrors = errorFamily({
  usage: 'The command line is not of the form the command takes.',
  'input.ended': 'A question was asked and standard input ended before it was answered.',
  'input.no.terminal': 'A question would have to be asked, but there is no terminal; each question has an option.',
  interrupted: 'The user ended the command with Ctrl-C.',
  internal: 'A fault of the program itself. Please report it.',
});
