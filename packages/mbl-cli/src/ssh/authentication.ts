import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AuthenticationType, AuthHandlerMiddleware, KeyboardInteractiveCallback, Prompt } from 'ssh2';
import ssh2 from 'ssh2';
import type { Target } from './target.ts';

/** One way to log in. */
export type Attempt =
  | { type: 'none' }
  | { type: 'publickey'; key: Buffer; path: string }
  | { type: 'agent'; agent: string }
  | { type: 'password'; password: string; from: 'stored' | 'given' | 'typed' | 'empty' };

export interface Attempts {
  attempts: Attempt[];
  /** What could not be tried, and why; told when everything else was refused. */
  leftOut: string[];
}

/** What the user has to say on logging in. */
export interface Login {
  /** `SSH_AUTH_SOCK`: where the SSH agent listens. */
  agent: string | undefined;
  /** Of `--password-file`. */
  password?: string | undefined;
  /** Asks a person, who is at the terminal. */
  ask?: ((question: string) => Promise<string>) | undefined;
}

const defaultKeys = ['id_ed25519', 'id_ecdsa', 'id_rsa'];

/**
 * The ways to log in, in the old tool's order: none (development images let root in), keys of the configuration, the
 * agent, default keys, then the password given or stored, and an empty one, which development images take too.
 */
export async function attemptsFor(target: Target, home: string, { agent, password }: Login): Promise<Attempts> {
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
    ...(password ? [{ type: 'password', password, from: 'given' } as const] : []),
    ...(target.password ? [{ type: 'password', password: target.password, from: 'stored' } as const] : []),
    ...(target.from === 'gate' ? [] : [{ type: 'password', password: '', from: 'empty' } as const]),
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

/** As ssh does: three times. */
const mostQuestions = 3;

/**
 * Gives ssh2 one attempt after the other, without those that the device says it does not take. When all are used up and
 * the device takes passwords, a person is asked.
 *
 * @param tried told of each attempt before it is made
 */
export function authenticationHandler(
  { user, name }: Pick<Target, 'user' | 'name'>,
  attempts: readonly Attempt[],
  ask: Login['ask'],
  tried: (attempt: Attempt) => void,
): AuthHandlerMiddleware {
  const waiting = [...attempts];
  let questions = ask ? mostQuestions : 0;
  const choose = async (methodsLeft: AuthenticationType[] | null): Promise<object | false> => {
    const byPassword = (['password', 'keyboard-interactive'] as const).find((method) => takes(methodsLeft, method));
    for (;;) {
      const attempt = waiting.shift() ?? (byPassword && (await typed()));
      // ssh2 ends the attempts on false.
      if (!attempt) return false;
      const method = methodOf(attempt, methodsLeft, byPassword);
      if (method === undefined) continue;
      tried(attempt);
      return { username: user, ...method };
    }
  };
  const typed = async (): Promise<Attempt | undefined> => {
    if (!ask || questions === 0) return undefined;
    const again = questions < mostQuestions ? 'That was not right. ' : '';
    questions -= 1;
    // Ctrl-C ends the connection by way of the signal.
    const password = await ask(`${again}Password of ${user} on ${name}: `).catch(() => undefined);
    return password === undefined ? undefined : { type: 'password', password, from: 'typed' };
  };
  // What is returned would be taken for the attempt itself.
  return (methodsLeft: AuthenticationType[] | null, _partial, next) => {
    choose(methodsLeft).then(next as (attempt: object | false) => void);
  };
}

const takes = (methods: AuthenticationType[] | null, method: AuthenticationType) =>
  methods === null || methods.includes(method);

function methodOf(
  attempt: Attempt,
  methods: AuthenticationType[] | null,
  byPassword: 'password' | 'keyboard-interactive' | undefined,
): object | undefined {
  if (attempt.type === 'none') return attempt;
  if (attempt.type !== 'password') return takes(methods, 'publickey') ? attempt : undefined;
  if (byPassword !== 'keyboard-interactive') return byPassword && { type: byPassword, password: attempt.password };
  return { type: byPassword, prompt: answering(attempt.password) };
}

/** Devices with PAM ask for the password as a question (RFC 4256); what is shown while typing is no password. */
const answering =
  (password: string) =>
  (_name: string, _instructions: string, _language: string, prompts: Prompt[], finish: KeyboardInteractiveCallback) =>
    finish(prompts.map(({ echo }) => (echo ? '' : password)));

const passwords = {
  stored: 'the stored password',
  given: "the password of '--password-file'",
  typed: 'the password typed',
  empty: 'an empty password',
} as const;

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
      return passwords[attempt.from];
  }
}
