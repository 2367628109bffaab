import { randomBytes } from 'node:crypto';
import type { KeyProvider, OpenKey } from './key-provider.ts';
import { decodeSealed, encodeSealed } from './sealed-form.ts';
import { complaint, type RunTool } from './spawned-tool.ts';
import { storageErrors } from './storage-errors.ts';

/** What systemd-creds may seal with (systemd-creds(1), --with-key); not `tpm2-absent`, which is no protection. */
export const systemdSeals = ['host', 'tpm2', 'host+tpm2'] as const;
export type SystemdSeal = (typeof systemdSeals)[number];

/** Bound to the sealed key, so that no other credential of the host can be put in its place. */
const name = 'mooring-store';

const remedies: readonly (readonly [RegExp, string])[] = [
  [/PCR bank/i, 'The firmware of this board does not measure itself into the TPM, as systemd needs: use --key tpm.'],
  [
    /TPM|TCTI/,
    'Check that the device has a TPM and systemd can use it (systemd-creds has-tpm2), or use the seal "host".',
  ],
  [/ermission denied|Access denied/, 'Only root may use the system credentials.'],
];

/** systemd binds what a TPM seals to PCR 7, the state of secure boot; version 252 cannot leave that out. */
const otherBoot = /policy digest/i;

/**
 * The key sealed by systemd-creds (systemd 250 and later), with the host's secret in /var/lib/systemd/credential.secret,
 * the TPM, or both. With `host` it is as safe as the disk that has that secret: two partitions instead of one file.
 *
 * @param device TPM to use instead of the usual one, as `driver:settings`
 */
export function systemdKeyProvider(run: RunTool, seal: SystemdSeal, device: string | undefined): KeyProvider {
  const options = ['--no-pager', `--name=${name}`, ...(device ? [`--tpm2-device=${device}`] : [])];

  const open = (bytes: Uint8Array, sealed: Uint8Array, by: string): OpenKey => ({
    bytes,
    sealed,
    place: `systemd-creds:${by}`,
    // The host's secret is a file too.
    sees: { copies: by !== 'host', rollback: false },
  });

  async function decrypt(by: string, credential: string): Promise<Uint8Array> {
    const input = Buffer.from(credential, 'latin1');
    const { status, output, said } = await run('systemd-creds', [...options, 'decrypt', '-', '-'], { input });
    if (status === 0 && output.length >= 32) return output;
    throw storageErrors('storage.key.elsewhere', {
      message: `systemd-creds does not open the key of the secure storage: ${complaint(said)}.`,
      next: otherBoot.test(said)
        ? 'The state of secure boot (PCR 7) is not the one that the key was sealed in. Bring it back, or move the folder away and provision the device again; --key tpm does not depend on it.'
        : 'A storage works on the host that wrote it, as root, while its host secret and TPM stay. If they are gone, move the folder away and provision the device again.',
      data: { seal: by },
    });
  }

  return {
    kind: 'systemd-creds',
    description: 'the system credentials of this host (systemd-creds)',
    async load(bytes) {
      const { seal: by, credential } = decodeSealed(bytes, ['seal', 'credential']);
      return open(await decrypt(by, credential), bytes, by);
    },
    async loadOrMake() {
      const key = randomBytes(32);
      const args = [...options, `--with-key=${seal}`, 'encrypt', '-', '-'];
      const { status, output, said } = await run('systemd-creds', args, { input: key });
      if (status !== 0) {
        throw storageErrors('storage.key.tool.failed', {
          message: `systemd-creds did not seal a key for the secure storage: ${complaint(said)}.`,
          next: remedies.find(([pattern]) => pattern.test(said))?.[1] ?? 'Try "systemd-creds setup" by hand.',
        });
      }
      const credential = output.toString('latin1');
      // Nothing is encrypted with a key before its seal was seen to open: with some TPMs systemd seals and cannot open.
      if (!key.equals(await decrypt(seal, credential))) {
        throw storageErrors('storage.key.tool.failed', {
          message: 'systemd-creds did not give back the key that it had sealed.',
          next: 'Choose another key: --key tpm, or --key systemd-creds:host.',
        });
      }
      return open(key, encodeSealed({ seal, credential }), seal);
    },
  };
}
