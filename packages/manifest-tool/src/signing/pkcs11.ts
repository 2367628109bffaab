import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { resolve } from 'node:path';
import { derSignature, verifiesDigest } from '@mooring/manifest';
import { keyTypeOf, parseCertificate } from '@mooring/pki';
import { readFileIfExists } from '@mooring/platform';
import type { CommandContext } from '@mooring/terminal';
import { signingErrors } from './errors.ts';
import type { NamedSigner } from './key-holder-signer.ts';
import { type Pkcs11Tool, runPkcs11Tool, tokenFailure } from './pkcs11-tool.ts';
import { type Pkcs11Uri, parsePkcs11Uri } from './pkcs11-uri.ts';
import { requireP256 } from './private-key.ts';

export const pinEnvironment = 'MANIFEST_TOOL_PKCS11_PIN';

interface TokenObject {
  kind: 'pubkey' | 'cert';
  label: string | undefined;
  id: string;
}

/** What `--list-objects` prints: a heading for each object, then indented lines, two of which name it. */
function parseObjects(text: string): TokenObject[] {
  return text.split(/^(?=\S)/m).flatMap((object): TokenObject[] => {
    const kind = /^Public Key Object/.test(object) ? 'pubkey' : /^Certificate Object/.test(object) ? 'cert' : undefined;
    const id = /^\s+ID:\s+([0-9a-f]+)$/m.exec(object)?.[1];
    const label = /^\s+label:\s+(.*)$/m.exec(object)?.[1];
    return kind === undefined || id === undefined ? [] : [{ kind, label, id }];
  });
}

/** pkcs11-tool takes the first key that it finds, whatever label was asked for; only an id makes it choose. */
async function findObject(tool: Pkcs11Tool): Promise<TokenObject> {
  const { object, id } = tool.uri;
  const listed = parseObjects((await runPkcs11Tool(tool, ['--list-objects'])).toString('utf8'));
  const found = listed.filter(
    (one) => (id === undefined || one.id === id) && (object === undefined || one.label === object),
  );
  const ids = [...new Set(found.map((one) => one.id))].sort();
  if (ids.length > 1) {
    throw signingErrors('signing.token.failed', {
      message: `Signing with ${tool.place} failed: there are several keys with the label "${object}".`,
      next: `Choose one by its id: ${ids.map((one) => `id=${one.replace(/../g, '%$&')}`).join(' or ')}`,
    });
  }
  const best = found.find(({ kind }) => kind === 'pubkey') ?? found[0];
  if (best) return best;
  throw tokenFailure(tool.place, `error: object not found: ${object === undefined ? `id ${id}` : `"${object}"`}`);
}

async function publicKeyOf(tool: Pkcs11Tool, { kind, id }: TokenObject): Promise<KeyObject> {
  const der = await runPkcs11Tool(tool, ['--read-object', '--type', kind, '--id', id]);
  try {
    if (kind === 'cert') return parseCertificate(der).publicKey;
    return createPublicKey({ key: der, format: 'der', type: 'spki' });
  } catch (cause) {
    throw signingErrors('signing.token.failed', {
      message: `Signing with ${tool.place} failed: it gave a public key that cannot be read.`,
      next: 'Check it with pkcs11-tool --read-object --type pubkey.',
      cause,
    });
  }
}

async function pinFor({ pinFile }: Pkcs11Uri, context: CommandContext, place: string): Promise<string> {
  if (pinFile !== undefined) {
    const text = (await readFileIfExists(resolve(context.cwd, pinFile)))?.toString('utf8');
    if (text !== undefined) return text.split(/\r?\n/, 1)[0] as string;
    throw signingErrors('signing.pin.missing', {
      message: `There is no file ${pinFile}, which pin-source names.`,
      next: 'Make it, readable by you alone, with the PIN as its first line.',
      data: { path: pinFile },
    });
  }
  const told = context.env[pinEnvironment];
  if (told !== undefined) return told;
  if (context.prompt.interactive) return await context.prompt.askSecret(`PIN of ${place}: `);
  throw signingErrors('signing.pin.missing', {
    message: `Signing with ${place} needs a PIN.`,
    next: `Add &pin-source=file:/PATH to the URI, or set ${pinEnvironment}.`,
  });
}

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();

/**
 * A signer whose P-256 key never leaves its token. The token signs the digest (CKM_ECDSA, which every token knows) and
 * answers r‖s. What it gives is checked against its public key before anybody else sees it.
 *
 * @param uri RFC 7512, with `module-path`
 * @throws MooringError `signing.signer.malformed`, `signing.token.*`, `signing.pin.missing`, `signing.key.unsuitable`
 */
export async function pkcs11Signer(uri: string, context: CommandContext): Promise<NamedSigner> {
  const parsed = parsePkcs11Uri(uri);
  const place = `the PKCS#11 token ${parsed.token ?? `in slot ${parsed.slot}`}`;
  const tool: Pkcs11Tool = { uri: parsed, env: context.env, signal: context.signal, place };
  const object = await findObject(tool);
  const publicKey = requireP256(await publicKeyOf(tool, object), `${place} (${keyName(parsed, object)})`);
  let pin: Promise<string> | undefined;
  async function signDigest(digest: Uint8Array): Promise<Uint8Array> {
    pin ??= pinFor(parsed, context, place);
    const raw = await runPkcs11Tool(tool, ['--sign', '--mechanism', 'ECDSA', '--id', object.id], digest, await pin);
    if (verifiesDigest(publicKey, digest, raw)) return new Uint8Array(raw);
    throw signingErrors('signing.token.failed', {
      message: `Signing with ${place} failed: it gave a signature that does not verify with the public key beside it (${keyTypeOf(publicKey)}, ${raw.length} bytes).`,
      next: 'Private and public key with one id have to be a pair; check what is stored under it.',
    });
  }
  return {
    description: `the key ${keyName(parsed, object)} in ${place}`,
    publicKey,
    sign: async (toBeSigned) => derSignature(await signDigest(sha256(toBeSigned))),
    signDigest,
  };
}

const keyName = ({ object }: Pkcs11Uri, { id }: TokenObject): string => object ?? `with id ${id}`;
