import type { Io } from '@mooring/terminal';
import type { Connection, Exit } from './connection.ts';

type Terminal = Io['stdin'] & { setRawMode?(on: boolean): void };

/**
 * Connects this terminal with a shell on the device until the shell ends. Every key goes there, Ctrl-C too. The
 * terminal is as before afterwards, whatever happens.
 */
export async function interact(connection: Connection, io: Io, term: string | undefined): Promise<Exit> {
  const stdin = io.stdin as Terminal;
  const stdout = io.stdout as Io['stdout'] & { rows?: number };
  const size = () => ({ columns: stdout.columns ?? 80, rows: stdout.rows ?? 24 });
  const { columns, rows } = size();
  const remote = await connection.shell({ term: term || 'vt100', cols: columns, rows, height: 0, width: 0 });

  const onKey = (chunk: Buffer | string) => void remote.stdin.write(chunk);
  const onResize = () => remote.resize(size());
  remote.stdin.on('error', () => undefined);
  remote.stdout.on('data', (chunk: Buffer) => void io.stdout.write(chunk));
  remote.stderr.on('data', (chunk: Buffer) => void io.stderr.write(chunk));
  stdin.setRawMode?.(true);
  stdin.on('data', onKey);
  stdin.resume();
  stdout.on('resize', onResize);
  try {
    return await remote.exit;
  } finally {
    stdout.off('resize', onResize);
    stdin.off('data', onKey);
    stdin.setRawMode?.(false);
    stdin.pause();
  }
}
