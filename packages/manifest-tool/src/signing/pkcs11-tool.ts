import { spawn } from 'node:child_process';
import { signingErrors } from './errors.ts';
import type { Pkcs11Uri } from './pkcs11-uri.ts';

/** What pkcs11-tool says, in the words of PKCS #11 v2.40 §6, and what to do about it. */
const remedies: readonly [pattern: RegExp, next: string][] = [
  [
    /CKR_PIN_INCORRECT|CKR_PIN_INVALID|CKR_PIN_LEN_RANGE/,
    'Check the PIN. Tokens lock themselves after a few wrong ones.',
  ],
  [/CKR_PIN_LOCKED/, 'The token has locked itself after too many wrong PINs; its security officer can set a new one.'],
  [
    /No slot with|CKR_TOKEN_NOT_PRESENT|CKR_SLOT_ID_INVALID/,
    'Check that the token is plugged in and that "token" names it: pkcs11-tool --module MODULE --list-slots',
  ],
  [
    /Private key not found|object not found/,
    'Check "object" or "id", and that the private key is on the token: pkcs11-tool --module MODULE --login --list-objects',
  ],
  [
    /C_Sign\w* failed|CKR_KEY_FUNCTION_NOT_PERMITTED|CKR_MECHANISM_INVALID/,
    'The key has to be allowed to sign, and the token to know the mechanism ECDSA: pkcs11-tool --module MODULE --list-mechanisms',
  ],
  [/sc_dlopen|Failed to load/, 'Check "module-path"; it names the shared library that came with the token.'],
];

const pinVariable = 'MANIFEST_TOOL_PKCS11_TOOL_PIN';

export interface Pkcs11Tool {
  uri: Pkcs11Uri;
  env: Readonly<Record<string, string | undefined>>;
  signal: AbortSignal;
  /** For messages: `the PKCS#11 token release`. */
  place: string;
}

/** @throws MooringError always `signing.token.failed` */
export function tokenFailure(place: string, said: string): Error {
  const line =
    said.split('\n').find((each) => /error|fail|no slot|not found/i.test(each)) ?? said.trim().split('\n').at(-1);
  return signingErrors('signing.token.failed', {
    message: `Signing with ${place} failed: ${line?.replace(/^error: /, '').replace(/\.$/, '') || 'pkcs11-tool failed'}.`,
    next: remedies.find(([pattern]) => pattern.test(said))?.[1] ?? 'Check the token with pkcs11-tool.',
    data: { place },
  });
}

/**
 * Runs OpenSC's pkcs11-tool on the token: no library of the vendor is loaded into this process.
 *
 * @param pin passed by environment, since every user of the machine can read a command line
 * @throws MooringError `signing.token.*`
 */
export function runPkcs11Tool(
  { uri, env, signal, place }: Pkcs11Tool,
  args: readonly string[],
  input: Uint8Array = new Uint8Array(),
  pin?: string,
): Promise<Buffer> {
  const which = [
    '--module',
    uri.module,
    ...(uri.token === undefined ? [] : ['--token-label', uri.token]),
    ...(uri.slot === undefined ? [] : ['--slot', uri.slot]),
  ];
  const login = pin === undefined ? [] : ['--login', '--pin', `env:${pinVariable}`];
  return new Promise((done, fail) => {
    const child = spawn('pkcs11-tool', [...which, ...login, ...args], {
      env: { ...env, LC_ALL: 'C', ...(pin === undefined ? {} : { [pinVariable]: pin }) },
      stdio: ['pipe', 'pipe', 'pipe'],
      signal,
    });
    const output: Buffer[] = [];
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
    });
    child.on('error', (cause: NodeJS.ErrnoException) => {
      if (cause.name === 'AbortError') return fail(cause);
      fail(
        signingErrors('signing.token.tool.missing', {
          message: `Signing with ${place} failed: the program pkcs11-tool could not be started.`,
          next: 'Install OpenSC (Debian and Ubuntu: apt install opensc).',
          cause,
        }),
      );
    });
    child.on('close', (code) => {
      if (code === 0) done(Buffer.concat(output));
      else fail(tokenFailure(place, said));
    });
    // It may have ended before it read anything.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}
