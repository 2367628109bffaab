import { spawn } from 'node:child_process';
import { masterKeyErrors } from '../errors.ts';
import type { Pkcs11Uri } from './pkcs11-uri.ts';

/** The two things a token does for us. */
export interface Token {
  /** SubjectPublicKeyInfo, DER. */
  publicKey(): Promise<Buffer>;
  /** RSA-OAEP with SHA-1, by the private key that never leaves the token. */
  decrypt(wrapped: Uint8Array, pin: string): Promise<Buffer>;
}

/** What pkcs11-tool says, in the words of PKCS #11 v2.40 §6, and what to do about it. */
const remedies: [pattern: RegExp, next: string][] = [
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
    /object not found/,
    'Check "object" or "id"; an RSA key pair is needed there: pkcs11-tool --module MODULE --list-objects',
  ],
  [/sc_dlopen|Failed to load/, 'Check "module-path"; it names the shared library that came with the token.'],
];

function failure(place: string, text: string): Error {
  const line =
    text.split('\n').find((each) => /error|fail|no slot|not found/i.test(each)) ?? text.trim().split('\n').at(-1);
  return masterKeyErrors('master.key.token.failed', {
    message: `${place} did not give the master key: ${line?.replace(/^error: /, '') || 'pkcs11-tool failed'}.`,
    next: remedies.find(([pattern]) => pattern.test(text))?.[1] ?? 'Check the token with pkcs11-tool.',
  });
}

const pinVariable = 'MOORING_PKCS11_TOOL_PIN';

/** A token through OpenSC's pkcs11-tool: no library of the vendor is loaded into this process. */
export function pkcs11Token(uri: Pkcs11Uri, env: Readonly<Record<string, string | undefined>>, place: string): Token {
  const which = [
    '--module',
    uri.module,
    ...(uri.token === undefined ? [] : ['--token-label', uri.token]),
    ...(uri.slot === undefined ? [] : ['--slot', String(uri.slot)]),
    ...(uri.object === undefined ? [] : ['--label', uri.object]),
    ...(uri.id === undefined ? [] : ['--id', uri.id]),
  ];

  function run(args: string[], input: Uint8Array, pin?: string): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const child = spawn('pkcs11-tool', [...which, ...args], {
        // By environment: a command line can be read by every user of the machine.
        env: { ...env, LC_ALL: 'C', ...(pin === undefined ? {} : { [pinVariable]: pin }) },
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      const output: Buffer[] = [];
      let said = '';
      child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
      child.stderr.on('data', (chunk: Buffer) => {
        said += chunk.toString('utf8');
      });
      child.on('error', (cause) => {
        reject(
          masterKeyErrors('master.key.tool.missing', {
            message: `${place} cannot be used: the program pkcs11-tool could not be started.`,
            next: 'Install OpenSC (Debian and Ubuntu: apt install opensc).',
            cause,
          }),
        );
      });
      child.on('close', (code) => {
        if (code === 0) resolve(Buffer.concat(output));
        else reject(failure(place, said));
      });
      // It may have ended before it read anything.
      child.stdin.on('error', () => undefined);
      child.stdin.end(input);
    });
  }

  return {
    publicKey: () => run(['--read-object', '--type', 'pubkey'], new Uint8Array(0)),
    decrypt: (wrapped, pin) =>
      run(
        [
          '--login',
          '--pin',
          `env:${pinVariable}`,
          '--decrypt',
          '--mechanism',
          'RSA-PKCS-OAEP',
          '--hash-algorithm',
          'SHA-1',
        ],
        wrapped,
        pin,
      ),
  };
}
