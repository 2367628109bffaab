import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AuthenticationType, AuthHandlerMiddleware } from 'ssh2';
import ssh2 from 'ssh2';
import type { Target } from './target.ts';

/** One way to log in. */
export type Attempt =
  | { type: 'none' }
  | { type: 'publickey'; key: Buffer; path: string }
  | { type: 'agent'; agent: string }
  | { type: 'password'; password: string };

export interface Attempts {
  attempts: Attempt[];
  /** What could not be tried, and why; told when everything else was refused. */
  leftOut: string[];
}

const defaultKeys = ['id_ed25519', 'id_ecdsa', 'id_rsa'];

/**
 * The ways to log in, in the old tool's order: none (development images let root in), keys of the configuration, the
 * agent, default keys, then the stored password, and an empty one, which development images take too.
 */
export async function attemptsFor(target: Target, home: string, agent: string | undefined): Promise<Attempts> {
  const { identityFiles, identitiesOnly } = target.settings;
  const leftOut: string[] = [];
  const configured = await keysIn(identityFiles, leftOut, true);
  const usual = defaultKeys.map((name) => join(home, '.ssh', name)).filter((path) => !identityFiles.includes(path));
  const defaults = identityFiles.length > 0 && identitiesOnly ? [] : await keysIn(usual, leftOut, false);
  const attempts: Attempt[] = [
    { type: 'none' },
    ...configured,
    ...(agent && !identitiesOnly ? [{ type: 'agent', agent } as const] : []),
    ...defaults,
    ...(target.password ? [{ type: 'password', password: target.password } as const] : []),
    { type: 'password', password: '' },
  ];
  return { attempts, leftOut };
}

async function keysIn(paths: readonly string[], leftOut: string[], named: boolean): Promise<Attempt[]> {
  const found: Attempt[] = [];
  for (const path of paths) {
    try {
      const key = await readFile(path);
      const parsed = ssh2.utils.parseKey(key);
      if (!(parsed instanceof Error)) found.push({ type: 'publickey', key, path });
      else if (/encrypted|passphrase/i.test(parsed.message)) {
        leftOut.push(`${path} has a passphrase: add it to an SSH agent with 'ssh-add ${path}'.`);
      } else leftOut.push(`${path} is no private key that can be used: ${parsed.message}.`);
    } catch (error) {
      const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      if (!missing) leftOut.push(`${path} could not be read: ${(error as Error).message}.`);
      else if (named) leftOut.push(`${path}, named in ~/.ssh/config, does not exist.`);
    }
  }
  return found;
}

/** Gives ssh2 one attempt after the other, without those that the device says it does not take. */
export function authenticationHandler(
  user: string,
  attempts: readonly Attempt[],
  tried: (attempt: Attempt) => void,
): AuthHandlerMiddleware {
  const waiting = [...attempts];
  return (methodsLeft: AuthenticationType[] | null, _partial, next) => {
    for (;;) {
      const attempt = waiting.shift();
      // ssh2 ends the attempts on false, which its types do not know.
      if (!attempt) return next(false as never);
      const method = attempt.type === 'agent' ? 'publickey' : attempt.type;
      if (methodsLeft && method !== 'none' && !methodsLeft.includes(method)) continue;
      tried(attempt);
      return next({ username: user, ...attempt } as never);
    }
  };
}

/** For messages and `-v`. */
export function describeAttempt(attempt: Attempt): string {
  switch (attempt.type) {
    case 'none':
      return 'no authentication';
    case 'publickey':
      return `the key ${attempt.path}`;
    case 'agent':
      return 'the keys of the SSH agent';
    case 'password':
      return attempt.password ? 'the stored password' : 'an empty password';
  }
}
