import { isMooringError } from '@mooring/platform';
import { sshErrors } from '../errors.ts';
import { type HostKey, type KnownDevice, knownDevicesPath } from './known-devices.ts';
import { commandLine } from './quote.ts';
import { describeTarget, type Target } from './target.ts';

/** What ssh2 reports about a login that failed, as an expected error. */
export function loginError(
  error: unknown,
  target: Target,
  { leftOut, typed, given }: { leftOut: readonly string[]; typed?: boolean; given?: boolean },
): unknown {
  if (isMooringError(error)) return error;
  const { level, message } = error as Error & { level?: string };
  const device = describeTarget(target);
  if (level === 'client-authentication') {
    return sshErrors('ssh.authentication.refused', {
      message: `${device} lets ${target.user} in neither without authentication, nor with the keys found${passwordsTried(target, { typed, given })}.`,
      next: [
        target.from === 'gate'
          ? `Name a key that it knows: IdentityFile for the host '${target.name}' in ~/.ssh/config. A password is asked for on a terminal.`
          : `Name a key that the device knows: IdentityFile for the host 'mbl-device' (or that of -c) in ~/.ssh/config. A password is asked for on a terminal, or taken from '--password-file'.`,
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

function passwordsTried(
  target: Target,
  { typed, given }: { typed: boolean | undefined; given: boolean | undefined },
): string {
  const tried = [
    ...(given ? ['the given'] : []),
    ...(target.password ? ['the stored'] : []),
    ...(typed ? ['the typed'] : []),
    ...(target.from === 'gate' ? [] : ['an empty']),
  ];
  return tried.length === 0 ? '' : `, nor with ${tried.join(' or ')} password`;
}

export function hostKeyChanged(target: Target, expected: KnownDevice, shown: HostKey, home: string) {
  const forget = commandLine(['mbl-cli', 'forget', target.name]);
  const known = `Known devices are in ${knownDevicesPath(home)}.`;
  return sshErrors('ssh.hostkey.changed', {
    message: `${describeTarget(target)} shows another host key than at first contact (${expected.since}): ${shown.fingerprint} instead of ${expected.fingerprint}. It may be another device, or someone between.`,
    next:
      target.from === 'gate'
        ? `If it was installed anew, have the old key forgotten: '${forget}'. ${known}`
        : `If the device was flashed anew or replaced, repeat with '--accept-new-host-key' before the command, or have the old key forgotten: '${forget}'. ${known}`,
    data: { device: target.name, expected: expected.fingerprint, shown: shown.fingerprint },
  });
}
