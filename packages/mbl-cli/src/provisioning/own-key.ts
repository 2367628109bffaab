import type { BinItem, developerVariableNames } from '@mooring/credentials';
import { derOf, parseCertificate } from '@mooring/pki';
import { isMooringError } from '@mooring/platform';
import type { DeviceCertificateReq, DeviceCertificateResp } from '@mooring/rest';
import { provisionErrors } from '../errors.ts';
import { isRecord, parseJson } from '../json-line.ts';
import type { Connection } from '../ssh/connection.ts';
import { quote } from '../ssh/quote.ts';
import { complaint, run, succeeded } from '../ssh/remote-command.ts';
import { describeTarget } from '../ssh/target.ts';
import type { StoredCertificate } from '../stores/stored-certificate.ts';
import { provisioningProgram } from './on-device.ts';

/** What the service is asked for a device that has a key of its own. */
export interface DeviceCertificates {
  create(request: DeviceCertificateReq): Promise<DeviceCertificateResp>;
}

export interface OwnCredentials {
  items: BinItem[];
  endpointName: string;
  /** Of its certificate in the service. */
  certificateId: string;
}

const developer = {
  key: 'MBED_CLOUD_DEV_BOOTSTRAP_DEVICE_PRIVATE_KEY',
  certificate: 'MBED_CLOUD_DEV_BOOTSTRAP_DEVICE_CERTIFICATE',
  endpointName: 'MBED_CLOUD_DEV_BOOTSTRAP_ENDPOINT_NAME',
  account: 'MBED_CLOUD_DEV_ACCOUNT_ID',
} as const satisfies Record<string, (typeof developerVariableNames)[number]>;

/** True if the provisioning program of the device can make a key that never leaves it: MBL's own cannot. */
export async function makesKeys(connection: Connection, signal: AbortSignal): Promise<boolean> {
  const { stdout } = await run(connection, `${provisioningProgram} --help`, { signal });
  return stdout.includes('--make-key');
}

export function keyUnsupported(connection: Connection) {
  return provisionErrors('provision.key.unsupported', {
    message: `The provisioning program on ${describeTarget(connection.target)} cannot make a key of its own: it is MBL's.`,
    next: "Install the package mooring-device there; or give it the key of the developer certificate, which other devices have too, with '--allow-shared-key'.",
  });
}

/**
 * Has the device make a key, and the service a certificate for it. Server, authorities and account are those of the
 * developer certificate; its private key is not among what is returned.
 *
 * @param replaces id of the certificate that this device is known to have
 * @throws MooringError `provision.key.failed`, `provision.endpoint.taken`, `rest.*`
 */
export async function ownCredentials(
  connection: Connection,
  shared: StoredCertificate,
  service: DeviceCertificates,
  { endpointName, replaces, signal }: { endpointName: string; replaces?: string | undefined; signal: AbortSignal },
): Promise<OwnCredentials> {
  const accountId = textOf(shared, developer.account);
  const csr = await requestFrom(connection, endpointName, accountId, signal);
  const issued = await issue(service, { endpoint_name: endpointName, csr }, replaces);
  const certificate = derOf(issued.certificate, 'CERTIFICATE');
  // What is put on the device must be for this device.
  if (parseCertificate(certificate).subject.commonName !== endpointName) {
    throw failed(connection, `the service sent a certificate for another name than ${endpointName}`);
  }
  const replaced = new Map<string, Uint8Array>([
    [developer.certificate, certificate],
    [developer.endpointName, Buffer.from(endpointName)],
  ]);
  const items = shared.items
    .filter(({ name }) => name !== developer.key)
    .map(({ name, data }) => ({ name, data: replaced.get(name) ?? data }));
  return { items, endpointName, certificateId: issued.id };
}

async function issue(service: DeviceCertificates, request: DeviceCertificateReq, replaces: string | undefined) {
  try {
    return await service.create({ ...request, ...(replaces === undefined ? {} : { replaces }) });
  } catch (error) {
    if (!isMooringError(error)) throw error;
    if (error.code === 'rest.not.found') {
      throw provisionErrors('provision.key.unsupported', {
        message: 'The service cannot issue certificates for keys that devices make: it is none of Mooring.',
        next: "Leave '--per-device-key' out.",
        cause: error,
      });
    }
    if (error.code !== 'rest.conflict') throw error;
    const { endpoint_name: name } = request;
    throw provisionErrors('provision.endpoint.taken', {
      message: `The service has a certificate for the endpoint name ${name} already, for another key.`,
      next: `If it is this very device, repeat with '--renew-key'; if another device has that name, give this one another with '--endpoint-name'.`,
      cause: error,
      data: { endpointName: name },
    });
  }
}

async function requestFrom(
  connection: Connection,
  endpointName: string,
  accountId: string,
  signal: AbortSignal,
): Promise<string> {
  const account = accountId === '' ? '' : ` --account-id ${quote(accountId)}`;
  const command = `${provisioningProgram} --make-key --endpoint-name ${quote(endpointName)}${account} --json`;
  const result = await run(connection, command, { signal });
  const said = parseJson(result.stdout.toString('utf8'))?.value;
  if (succeeded(result) && isRecord(said) && typeof said.csr === 'string') return said.csr;
  const error = isRecord(said) && isRecord(said.error) ? said.error.message : undefined;
  throw failed(connection, typeof error === 'string' ? error : complaint(result));
}

function failed(connection: Connection, reason: string) {
  return provisionErrors('provision.key.failed', {
    message: `${describeTarget(connection.target)} has got no key of its own: ${reason.replace(/\.$/, '')}.`,
    next: 'Nothing was changed on the device but for the key, which waits there and is used by the next attempt.',
  });
}

const textOf = ({ items }: StoredCertificate, name: string): string =>
  Buffer.from(items.find((item) => item.name === name)?.data ?? new Uint8Array()).toString('utf8');

/** The endpoint name for a device: its name, as far as a common name takes it. */
export function endpointNameOf(name: string): string {
  return Buffer.from(name.replace(/\.local\.?$/i, ''))
    .subarray(0, 63)
    .toString('utf8')
    .replace(/\ufffd$/, '');
}
