import { transferErrors } from '../errors.ts';
import type { Copied } from '../ssh/transfer.ts';
import type { Session } from './session.ts';

/** The old tool's progress line, on a terminal only: in a pipe it would be noise. */
export function progressLine(session: Session): (name: string, done: number, total: number) => void {
  const { io, output, globals, json } = session;
  if (globals.quiet || json || !io.stdout.isTTY) return () => undefined;
  let shown = '';
  return (name, done, total) => {
    const percent = (total === 0 ? 100 : (done / total) * 100).toFixed(1);
    const line = `${name} is transferring. Progress ${percent}%`;
    if (line === shown) return;
    shown = line;
    // Over the line before it, cleared to its end.
    output.write(`\r${line}\u001b[K`);
  };
}

/** @throws MooringError `transfer.incomplete` if something had to be left out */
export function checkComplete({ leftOut }: Copied): void {
  if (leftOut.length === 0) return;
  throw transferErrors('transfer.incomplete', {
    message: `All files were copied, but these are neither files nor folders: ${leftOut.join(', ')}.`,
    next: 'Nothing needs to be done if they were not meant.',
    data: { leftOut },
  });
}
