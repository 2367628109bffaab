import { interrupted } from '../interrupted.ts';
import type { Session } from './session.ts';

/** Waits for a line from the user, or for Ctrl-C; standard input is let go in both cases. */
export async function answer(session: Session, question: string, secret = false): Promise<string> {
  const { prompt, signal, io } = session;
  const interruption = Promise.withResolvers<never>();
  const onAbort = () => {
    io.stdin.pause();
    interruption.reject(interrupted());
  };
  signal.addEventListener('abort', onAbort, { once: true });
  const typed = secret ? prompt.askSecret(question) : prompt.ask(question);
  typed.catch(() => undefined);
  try {
    return await Promise.race([typed, interruption.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
