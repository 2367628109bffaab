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
  [
    /C_Decrypt\w* failed/,
    'The master key was wrapped with another key pair, or the token does not decrypt RSA-OAEP with SHA-1.',
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

/** What `--list-objects` prints: a heading for each object, then indented lines, of which those two name it. */
function parseObjects(text: string): { label: string; id: string }[] {
  return text.split(/^(?=\S)/m).flatMap((object) => {
    const label = /^\s+label:\s+(.*)$/m.exec(object)?.[1];
    const id = /^\s+ID:\s+([0-9a-f]+)$/m.exec(object)?.[1];
    return label === undefined || id === undefined ? [] : [{ label, id }];
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

  /** pkcs11-tool decrypts with the first key that it finds, whatever label was asked for; only the id makes it choose. */
  async function keyId(): Promise<string> {
    if (uri.id !== undefined) return uri.id;
    const listed = (await run(['--list-objects', '--type', 'pubkey'], new Uint8Array(0))).toString('utf8');
    const found = parseObjects(listed).find(({ label }) => label === uri.object);
    if (found) return found.id;
    throw failure(place, `error: object not found: "${uri.object}"`);
  }

  return {
    publicKey: async () => run(['--read-object', '--type', 'pubkey', '--id', await keyId()], new Uint8Array(0)),
    decrypt: async (wrapped, pin) => {
      const how = ['--mechanism', 'RSA-PKCS-OAEP', '--hash-algorithm', 'SHA-1', '--id', await keyId()];
      return run(['--login', '--pin', `env:${pinVariable}`, '--decrypt', ...how], wrapped, pin);
    },
  };
}
