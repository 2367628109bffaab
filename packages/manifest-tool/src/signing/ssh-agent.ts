import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { derSignature, verifies } from '@mooring/manifest';
import type { CommandContext } from '@mooring/terminal';
import { signingErrors } from './errors.ts';
import type { NamedSigner } from './key-holder-signer.ts';
import { type AgentAccess, type AgentIdentity, listIdentities, signWith } from './ssh-agent-client.ts';
import { SshReader, SshWireFault } from './ssh-wire.ts';

/** RFC 5656 §3.1; the agent signs with SHA-256 for it. */
const keyKind = 'ecdsa-sha2-nistp256';

/** As `ssh-add -l` shows it. */
export const sshFingerprint = (blob: Uint8Array): string =>
  `SHA256:${createHash('sha256').update(blob).digest('base64').replaceAll('=', '')}`;

function kindOf({ blob }: AgentIdentity): string {
  try {
    return new SshReader(blob).text();
  } catch {
    return 'damaged';
  }
}

/** @throws SshWireFault, or what OpenSSL says of a point that is not on the curve */
function publicKeyOf({ blob }: AgentIdentity): KeyObject {
  const fields = new SshReader(blob);
  fields.string();
  const curve = fields.text();
  const point = fields.string();
  if (!fields.done || curve !== 'nistp256' || point.length !== 65 || point[0] !== 4) {
    throw new SshWireFault('not an uncompressed point of nistp256');
  }
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((half) => half.toString('base64url')) as [
    string,
    string,
  ];
  return createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' });
}

const listOf = (identities: readonly AgentIdentity[]): string =>
  identities
    .filter((one) => kindOf(one) === keyKind)
    .map((one) => `${sshFingerprint(one.blob)} (${one.comment.replaceAll(/[^ -~]/g, '?')})`)
    .join(', ') || 'none';

function choose(identities: readonly AgentIdentity[], wanted: string): AgentIdentity {
  const found = identities.filter(
    (one) => sshFingerprint(one.blob) === wanted.replace(/=+$/, '') || one.comment === wanted,
  );
  const usable = found.filter((one) => kindOf(one) === keyKind);
  const [first, second] = usable;
  if (first && !second) return first;
  if (second) {
    throw signingErrors('signing.agent.key', {
      message: `The ssh-agent holds several P-256 keys with the comment "${wanted}".`,
      next: `Name one by its fingerprint: ${listOf(usable)}.`,
    });
  }
  const [other] = found;
  throw signingErrors('signing.agent.key', {
    message: other
      ? `The key "${wanted}" in the ssh-agent is of type ${kindOf(other).replaceAll(/[^ -~]/g, '?')}; devices check updates with P-256 (${keyKind}) only.`
      : `The ssh-agent holds no key "${wanted}".`,
    next: `Its P-256 keys: ${listOf(identities)}. Add one with ssh-add; an update key has to be in PEM form (EC PRIVATE KEY or PKCS#8).`,
    data: { wanted },
  });
}

/** r and s, each as an mpint (RFC 5656 §3.1.2), as raw r‖s. */
function rawOf(signature: Uint8Array): Buffer {
  const outer = new SshReader(signature);
  const kind = outer.text();
  if (kind !== keyKind) throw new SshWireFault(`a signature of type ${JSON.stringify(kind.slice(0, 40))}`);
  const numbers = new SshReader(outer.string());
  const raw = Buffer.concat([numbers.positive(32), numbers.positive(32)]);
  if (!numbers.done || !outer.done) throw new SshWireFault('a signature with something after its end');
  return raw;
}

const unusable = (reason: string, cause?: unknown) =>
  signingErrors('signing.agent.failed', {
    message: `The ssh-agent gave an answer that cannot be used: ${reason}.`,
    next: 'Check with `ssh-add -L` that SSH_AUTH_SOCK leads to a working agent.',
    cause,
  });

/**
 * A signer whose P-256 key is in an ssh-agent, chosen by fingerprint (`SHA256:…`) or comment. The agent hashes for
 * itself, so it cannot sign a digest alone.
 *
 * @param wanted what stands behind `ssh-agent:`
 * @throws MooringError `signing.agent.*`
 */
export async function sshAgentSigner(
  wanted: string,
  context: Pick<CommandContext, 'env' | 'signal'>,
  patience?: number,
): Promise<NamedSigner> {
  const socket = context.env.SSH_AUTH_SOCK;
  if (!socket) {
    throw signingErrors('signing.agent.failed', {
      message: 'There is no ssh-agent: SSH_AUTH_SOCK is not set.',
      next: 'Start one and add the key: eval "$(ssh-agent)"; ssh-add KEY',
    });
  }
  const access: AgentAccess = { socket, signal: context.signal, ...(patience === undefined ? {} : { patience }) };
  const identity = choose(await listIdentities(access), wanted);
  let publicKey: KeyObject;
  try {
    publicKey = publicKeyOf(identity);
  } catch (cause) {
    throw unusable('its public key is not on P-256', cause);
  }
  return {
    description: `the key ${identity.comment.replaceAll(/[^ -~]/g, '?') || sshFingerprint(identity.blob)} in the ssh-agent`,
    publicKey,
    async sign(toBeSigned) {
      const answer = await signWith(access, identity.blob, toBeSigned);
      let signature: Uint8Array;
      try {
        signature = derSignature(rawOf(answer));
      } catch (cause) {
        if (cause instanceof SshWireFault) throw unusable(cause.message, cause);
        throw cause;
      }
      if (verifies(publicKey, toBeSigned, signature)) return signature;
      throw unusable('a signature that does not verify with the public key');
    },
  };
}
