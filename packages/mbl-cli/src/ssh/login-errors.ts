import { isMooringError } from '@mooring/platform';
import { sshErrors } from '../errors.ts';
import { type KnownDevice, knownDevicesPath } from './known-devices.ts';
import { describeTarget, type Target } from './target.ts';

/** What ssh2 reports about a login that failed, as an expected error. */
export function loginError(error: unknown, target: Target, leftOut: readonly string[]): unknown {
  if (isMooringError(error)) return error;
  const { level, message } = error as Error & { level?: string };
  const device = describeTarget(target);
  if (level === 'client-authentication') {
    return sshErrors('ssh.authentication.refused', {
      message: `${device} lets ${target.user} in neither without authentication, nor with the keys found, nor with ${target.password ? 'the stored or ' : ''}an empty password.`,
      next: [
        `Name a key that the device knows: IdentityFile for the host 'mbl-device' (or that of -c) in ~/.ssh/config.`,
        ...leftOut,
      ].join('\n'),
      cause: error,
      data: { user: target.user, leftOut },
    });
  }
  if (level === 'client-timeout') {
    return sshErrors('ssh.timeout', {
      message: `${device} took the connection but did not finish the SSH login in time.`,
      next: 'It may still be starting; try again in a moment.',
      cause: error,
    });
  }
  return sshErrors('ssh.protocol.failed', {
    message: `${device} and this program could not agree on an SSH connection: ${message}.`,
    next: `Check that port ${target.port} is that of the device's SSH server, and try again in a moment if it is just starting.`,
    cause: error,
  });
}

export function hostKeyChanged(
  target: Target,
  expected: KnownDevice,
  shown: Pick<KnownDevice, 'type' | 'fingerprint'>,
  home: string,
) {
  return sshErrors('ssh.hostkey.changed', {
    message: `${describeTarget(target)} shows another host key than at first contact (${expected.since}): ${shown.fingerprint} instead of ${expected.fingerprint}. It may be another device, or someone between.`,
    next: `If the device was flashed anew or replaced, repeat with '--accept-new-host-key' before the command. Known devices are in ${knownDevicesPath(home)}.`,
    data: { device: target.name, expected: expected.fingerprint, shown: shown.fingerprint },
  });
}
