import { isMooringError, MooringError } from '@mooring/platform';
import type { RungName } from './rungs.ts';

type Data = Readonly<Record<string, unknown>>;

/** What the system says about a connection that did not come about. */
const byReason: Readonly<Record<string, RungName>> = {
  ENOTFOUND: 'name',
  EAI_AGAIN: 'name',
  EHOSTUNREACH: 'route',
  ENETUNREACH: 'route',
  EINVAL: 'route',
  ENODEV: 'route',
  EADDRNOTAVAIL: 'route',
};

/** By error code, or by the beginning of codes up to a dot; the longest that fits counts. */
const byCode: Readonly<Record<string, RungName | ((data: Data) => RungName)>> = {
  discovery: 'name',
  selection: 'name',
  'ssh.config.unreadable': 'name',
  'ssh.address.zone.missing': 'route',
  'ssh.unreachable': ({ reason }) => byReason[String(reason)] ?? 'tcp',
  // Only the network connection names a port; the login that takes too long does not.
  'ssh.timeout': ({ port }) => (port === undefined ? 'host key' : 'tcp'),
  'ssh.proxy': 'tcp',
  'ssh.protocol.failed': 'host key',
  'ssh.hostkey': 'host key',
  'ssh.authentication': 'login',
  'ssh.connection.lost': 'tcp',
  'ssh.channel.refused': 'login',
  'provision.program.missing': 'program',
  'firmware.program.missing': 'program',
  'firmware.restart.late': 'tcp',
  provision: 'store',
  rest: 'service',
  cloud: 'service',
  'cloud.certificate': 'chain',
  'cloud.certificate.exists': 'service',
};

/** Codes of the certificates that a command was given; which of the two tells the name in the error. */
const certificateCodes = /^(store\.(certificate|name)|credentials|pki)\b/;

/**
 * The rung that a command failed on, or undefined where it failed off the ladder: a file to be copied is missing, a
 * command on the device had an exit status of its own.
 *
 * @param values of the command line
 */
export function failedRung(error: MooringError, values: Data): RungName | undefined {
  const { code, data = {} } = error;
  if (code === 'provision.transfer.failed') {
    const broken = causesOf(error).find((cause) => cause.code.startsWith('ssh.'));
    if (broken) return failedRung(broken, values);
  }
  if (certificateCodes.test(code)) {
    if (values.update_cert_name === undefined) return undefined;
    const isUpdate = data.name === values.update_cert_name || (data.name === undefined && values.update_cert_path);
    return isUpdate ? 'update certificate' : 'key pair';
  }
  const parts = code.split('.');
  for (let length = parts.length; length > 0; length--) {
    const found = byCode[parts.slice(0, length).join('.')];
    if (found !== undefined) return typeof found === 'string' ? found : found(data);
  }
  return undefined;
}

function causesOf({ cause }: Error): MooringError[] {
  return isMooringError(cause) ? [cause, ...causesOf(cause)] : [];
}

/** The same error, with its rung in `data`. */
export function withRung(error: unknown, values: Data): unknown {
  const rung = isMooringError(error) ? failedRung(error, values) : undefined;
  if (!isMooringError(error) || rung === undefined) return error;
  return new MooringError(error.code, {
    message: error.message,
    cause: error.cause,
    data: { ...error.data, rung },
    ...(error.next === undefined ? {} : { next: error.next }),
    ...(error.exitCode === undefined ? {} : { exitCode: error.exitCode }),
  });
}

/** How a failure is written for a person: sentence, way on, and the rung as the last line. */
export function failureText(error: Error & { next?: string | undefined }): string {
  const rung = isMooringError(error) ? error.data?.rung : undefined;
  const last = rung === undefined ? [] : [`Rung: ${rung} – 'mbl-cli doctor' checks the rest.`];
  return [error.message, error.next, ...last].filter(Boolean).join('\n');
}
