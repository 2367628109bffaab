import { isMooringError } from '@mooring/platform';
import { interrupted, unlessInterrupted } from '../interrupted.ts';
import type { Session } from './session.ts';

/** Waits for a line from the user, or for Ctrl-C; standard input is let go in both cases. */
export async function answer(session: Session, question: string, secret = false): Promise<string> {
  const { prompt, signal, io } = session;
  const typed = secret ? prompt.askSecret(question) : prompt.ask(question);
  try {
    return await unlessInterrupted(signal, typed, () => void io.stdin.pause());
  } catch (error) {
    throw isMooringError(error) && error.code === 'interrupted' ? interrupted() : error;
  }
}
