/** Error codes of one area, each with a line of prose for the reference page (docs/reference/errors.md). */
export type ErrorCodes = Readonly<Record<string, string>>;

export interface ErrorDetail {
  /** What happened and where, as one or two sentences for a person. */
  message: string;
  /** What the person can do next; a command where there is one. */
  next?: string;
  /** The error underneath. Its text is shown only where it adds something. */
  cause?: unknown;
  /** Exit status of the process, where the program's usual one does not fit (a remote command's own status). */
  exitCode?: number;
  /** Facts for `--json`, never secrets. */
  data?: Readonly<Record<string, unknown>>;
}

/**
 * An expected failure: shown as its sentence and what to do next, never with a stack.
 * Everything else that is thrown is a fault of the program.
 */
export class MooringError extends Error {
  override readonly name = 'MooringError';
  /** Stable, dotted: `ssh.hostkey.changed`. */
  readonly code: string;
  readonly next: string | undefined;
  readonly exitCode: number | undefined;
  readonly data: Readonly<Record<string, unknown>> | undefined;

  constructor(code: string, detail: ErrorDetail) {
    super(detail.message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.code = code;
    this.next = detail.next;
    this.exitCode = detail.exitCode;
    this.data = detail.data;
  }
}

export function isMooringError(error: unknown): error is MooringError {
  return error instanceof MooringError;
}

/**
 * Declares the codes of an area and gives the function that makes its errors, so that a code which is not
 * on the reference page does not compile.
 */
export function errorFamily<const Codes extends ErrorCodes>(
  codes: Codes,
): ((code: keyof Codes & string, detail: ErrorDetail) => MooringError) & { readonly codes: Codes } {
  const make = (code: keyof Codes & string, detail: ErrorDetail) => new MooringError(code, detail);
  return Object.assign(make, { codes });
}
