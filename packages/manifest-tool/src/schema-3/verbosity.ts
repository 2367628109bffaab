import type { Command } from '@mooring/terminal';
import { logging2x } from '../logging-2x.ts';

/** A command of manifest-tool 2.6.2, which shows everything unless `-q` stands before it. */
export const logging = (run: Parameters<typeof logging2x>[0]): Command['run'] =>
  logging2x(run, (values) => (values.quiet ? 'ERROR' : 'DEBUG'));
