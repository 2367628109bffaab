import type { Command } from '@mooring/terminal';
import { logging2x } from '../logging-2x.ts';

export const logging = (run: Parameters<typeof logging2x>[0]): Command['run'] =>
  logging2x(run, (values) => (values.debug ? 'DEBUG' : 'INFO'));
