import { isMooringError } from '@mooring/platform';
import type { Command, CommandContext, Values } from '@mooring/terminal';
import { withRung } from '../doctor/failed-rung.ts';
import { interrupted } from '../interrupted.ts';
import type { Login } from '../ssh/authentication.ts';
import type { Connection } from '../ssh/connection.ts';
import type { Target } from '../ssh/target.ts';

/** The options before the command. */
export interface Globals {
  /** `-a` */
  address: string | undefined;
  /** `-c` */
  alias: string | undefined;
  acceptNewHostKey: boolean;
  passwordFile: string | undefined;
  verbose: boolean;
  quiet: boolean;
}

/** What a command of mbl-cli works with. */
export interface Session extends CommandContext {
  globals: Globals;
  /** Shown with `-v` only, on stderr. */
  remark(text: string): void;
  /** The device that is meant, by `-a`, `-c` or selection. */
  target(): Promise<Target>;
  /** How to log in on devices. */
  login(): Promise<Login>;
  /** Connects to it, wherever it has gone, runs `work` and closes the connection again. */
  onDevice<T>(work: (connection: Connection) => Promise<T>, target?: Target, way?: Login): Promise<T>;
}

export type DeviceCommand = Omit<Command, 'run'> & { run(session: Session, values: Values): Promise<unknown> };

export const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** Makes a command of the program: with `-v`, what lies under a failure is shown before it. */
export function command(described: DeviceCommand): Command {
  return {
    ...described,
    async run(context, values) {
      const session = sessionOf(context, values);
      try {
        return await described.run(session, values);
      } catch (error) {
        // Typed at a question without echo, Ctrl-C comes as a key.
        if (isMooringError(error) && error.code === 'interrupted' && error.exitCode === undefined) throw interrupted();
        if (session.globals.verbose) for (const line of causesOf(error)) session.remark(line);
        throw withRung(error, values);
      }
    },
  };
}

function sessionOf(context: CommandContext, values: Values): Session {
  const globals: Globals = {
    address: text(values.address) || undefined,
    alias: text(values.config_hostname) || undefined,
    acceptNewHostKey: values.accept_new_host_key === true,
    passwordFile: text(values.password_file),
    verbose: values.verbose === true,
    quiet: values.quiet === true,
  };
  const remark = (line: string) => {
    if (globals.verbose) context.output.note(line);
  };
  const target = async () => {
    const { targetOf } = await import('../ssh/target.ts');
    return targetOf({ home: context.home, address: globals.address, alias: globals.alias });
  };
  let loggingIn: Promise<Login> | undefined;
  const login = () => (loggingIn ??= wayIn());
  const passwordOf = async () => {
    if (globals.passwordFile === undefined) return undefined;
    const { firstLineOf } = await import('./first-line.ts');
    return firstLineOf(context, globals.passwordFile);
  };
  const wayIn = async (): Promise<Login> => ({
    agent: context.env.SSH_AUTH_SOCK,
    password: await passwordOf(),
    ...(context.prompt.interactive ? { ask: context.prompt.askSecret } : {}),
  });
  return {
    ...context,
    globals,
    remark,
    target,
    login,
    async onDevice(work, given, way) {
      const device = given ?? (await target());
      const { reach } = await import('../ssh/reach.ts');
      const connection = await reach(device, {
        home: context.home,
        login: way ?? (await login()),
        clock: context.clock,
        signal: context.signal,
        acceptNewHostKey: globals.acceptNewHostKey,
        tell: context.output.note,
        note: remark,
      });
      try {
        return await work(connection);
      } finally {
        await connection.close();
      }
    },
  };
}

function causesOf(error: unknown): string[] {
  const lines: string[] = [];
  let cause = error;
  if (isMooringError(error)) lines.push(`Error code: ${error.code}.`);
  while (cause instanceof Error && cause.cause !== undefined && lines.length < 10) {
    cause = cause.cause;
    lines.push(`Because: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  return lines;
}
