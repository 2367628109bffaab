import type { MooringError } from '@mooring/platform';
import { credentialErrors } from './errors.ts';

export interface CPlace {
  file: string;
  line: number;
  variable?: string | undefined;
}

type SourceCode = Extract<
  Parameters<typeof credentialErrors>[0],
  `credentials.source.${string}` | `credentials.variable.${string}` | 'credentials.mismatch'
>;

/** An error that says where in the C file: `FILE, line 7, NAME: reason.` */
export function cProblem(
  code: SourceCode,
  { file, line, variable }: CPlace,
  reason: string,
  next: string,
  cause?: unknown,
): MooringError {
  return credentialErrors(code, {
    message: `${file}, line ${line}${variable ? `, ${variable}` : ''}: ${reason}.`,
    next,
    cause,
    data: { file, line, ...(variable && { variable }) },
  });
}

export const getAnew = 'Get the file anew from its generator; it should not be edited by hand.';
