import { terminalErrors } from '@mooring/terminal';

/** The user pressed Ctrl-C: text and exit status as the old tool had them. */
export const interrupted = () => terminalErrors('interrupted', { message: 'User quit.', exitCode: 255 });
