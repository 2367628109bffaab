import { complaint, type RunTool } from '../spawned-tool.ts';
import { storageErrors } from '../storage-errors.ts';
import type { Pkcs11Uri } from './uri.ts';

/** The two things a token does for us. */
export interface Token {
  /** SubjectPublicKeyInfo, DER. */
  publicKey(): Promise<Uint8Array>;
  /** RSA-OAEP with SHA-1 (the one hash that every token takes), by the private key that never leaves the token. */
  decrypt(wrapped: Uint8Array, pin: string): Promise<Uint8Array>;
}

/** What pkcs11-tool says, in the words of PKCS #11 v2.40 §6, and what to do about it. */
const remedies: readonly (readonly [RegExp, string])[] = [
  [/CKR_PIN_LOCKED/, 'The token has locked itself after too many wrong PINs; its security officer can set a new one.'],
  [/CKR_PIN_/, 'Check the PIN. Tokens lock themselves after a few wrong ones.'],
  [
    /No slot with|CKR_TOKEN_NOT_PRESENT|CKR_SLOT_ID_INVALID/,
    'Check that the token is there and has the label "token".',
  ],
  [/object not found/, 'Check "object" or "id"; an RSA key pair is needed there: pkcs11-tool --list-objects'],
  [/C_Decrypt\w* failed/, 'The storage was written with another key pair, or the token does not decrypt RSA-OAEP.'],
  [/sc_dlopen|Failed to load/, 'Check "module-path"; it names the shared library that came with the token.'],
];

/** What `--list-objects` prints: a heading for each object, then indented lines, of which these two name it. */
function parseObjects(text: string): { label: string; id: string }[] {
  return text.split(/^(?=\S)/m).flatMap((object) => {
    const label = /^\s+label:\s+(.*)$/m.exec(object)?.[1];
    const id = /^\s+ID:\s+([0-9a-f]+)$/m.exec(object)?.[1];
    return label === undefined || id === undefined ? [] : [{ label, id }];
  });
}

const pinVariable = 'MOORING_PKCS11_TOOL_PIN';

/** A token through OpenSC's pkcs11-tool: no library of a vendor is loaded into this process. */
export function pkcs11Token(run: RunTool, uri: Pkcs11Uri): Token {
  const which = ['--module', uri.module, '--token-label', uri.token];

  const failure = (said: string): Error => {
    const code = /CKR_PIN_/.test(said) ? 'storage.key.tool.failed' : undefined;
    const other = /C_Decrypt\w* failed/.test(said) ? 'storage.key.elsewhere' : 'storage.key.tool.failed';
    return storageErrors(code ?? other, {
      message: `The PKCS#11 token ${uri.token} did not do what was asked of it: ${complaint(said)}.`,
      next: remedies.find(([pattern]) => pattern.test(said))?.[1] ?? 'Check the token with pkcs11-tool.',
    });
  };

  async function must(args: readonly string[], more?: Parameters<RunTool>[2]): Promise<Uint8Array> {
    const { status, output, said } = await run('pkcs11-tool', [...which, ...args], more);
    if (status !== 0) throw failure(said);
    return output;
  }

  /** pkcs11-tool decrypts with the first key it finds, whatever label was asked for; only the id makes it choose. */
  async function keyId(): Promise<string> {
    if (uri.id !== undefined) return uri.id;
    const listed = Buffer.from(await must(['--list-objects', '--type', 'pubkey'])).toString('utf8');
    const found = parseObjects(listed).find(({ label }) => label === uri.object);
    if (found) return found.id;
    throw failure(`error: object not found: ${uri.object}`);
  }

  return {
    publicKey: async () => must(['--read-object', '--type', 'pubkey', '--id', await keyId()]),
    decrypt: async (wrapped, pin) => {
      const how = ['--mechanism', 'RSA-PKCS-OAEP', '--hash-algorithm', 'SHA-1', '--id', await keyId()];
      const args = ['--login', '--pin', `env:${pinVariable}`, '--decrypt', ...how];
      return must(args, { input: wrapped, env: { [pinVariable]: pin } });
    },
  };
}
