import { type Der, matches } from '@mooring/pki';
import { type BinItem, binItems } from './bin-items.ts';
import { CFields } from './c-fields.ts';
import { littleEndian } from './c-source.ts';
import { shown } from './c-tokens.ts';
import type { DeveloperCredentialFields } from './developer-credentials-file.ts';
import { credentialErrors } from './errors.ts';
import { developerPrefix, updatePrefix } from './variable-names.ts';

/** What a developer credentials file says, checked. */
export interface DeveloperCredentials extends Required<Omit<DeveloperCredentialFields, 'lwm2mServerCa'>> {
  /** Absent in older files. */
  lwm2mServerCa?: Der;
  /** One per variable, in the order of the file. */
  items: BinItem[];
}

/** mbed TLS in the clients has room for certificates and keys of this size, DER. */
const largestForDevice = 1024;

/** @throws MooringError `credentials.source.kind` */
function checkKind(fields: CFields): void {
  if (fields.has(developerPrefix)) return;
  throw credentialErrors('credentials.source.kind', {
    message: fields.has(updatePrefix)
      ? `${fields.file} holds update resources (${updatePrefix}…), not developer credentials.`
      : `${fields.file} does not define any variable ${developerPrefix}….`,
    next: 'Give the developer credentials file: it comes with a developer certificate, often as mbed_cloud_dev_credentials.c.',
    data: { file: fields.file },
  });
}

function readServerUri(fields: CFields): { uri: string; account: string } {
  const name = 'MBED_CLOUD_DEV_BOOTSTRAP_SERVER_URI';
  const uri = fields.text(name);
  if (!/^coaps:\/\/[^/?#\s]+/.test(uri)) throw fields.invalid(name, 'a URI that begins with coaps:// is needed');
  const account = /[?&]aid=([^&#\s]+)/.exec(uri)?.[1];
  if (account === undefined) throw fields.invalid(name, 'the URI does not name the account (?aid=…)');
  return { uri, account };
}

/**
 * Reads a developer credentials file and checks that its parts belong together: key and certificate, endpoint name
 * and common name, URI of the right form.
 *
 * @param fileName as the person knows the file, for errors
 * @throws MooringError `credentials.*`, with file, line and variable
 */
export function readDeveloperCredentials(cSource: string, fileName: string): DeveloperCredentials {
  const fields = new CFields(cSource, fileName);
  checkKind(fields);
  const endpointName = fields.filledText('MBED_CLOUD_DEV_BOOTSTRAP_ENDPOINT_NAME');
  const { uri, account } = readServerUri(fields);
  const certificate = fields.certificate('MBED_CLOUD_DEV_BOOTSTRAP_DEVICE_CERTIFICATE', largestForDevice);
  const privateKey = fields.privateKey('MBED_CLOUD_DEV_BOOTSTRAP_DEVICE_PRIVATE_KEY', largestForDevice);
  const serverCa = fields.certificate('MBED_CLOUD_DEV_BOOTSTRAP_SERVER_ROOT_CA_CERTIFICATE', largestForDevice);
  const lwm2mServerCa = fields.find('MBED_CLOUD_DEV_LWM2M_SERVER_ROOT_CA_CERTIFICATE')
    ? fields.certificate('MBED_CLOUD_DEV_LWM2M_SERVER_ROOT_CA_CERTIFICATE', largestForDevice)
    : undefined;
  if (!matches(privateKey.key, certificate)) {
    throw fields.mismatch(
      'MBED_CLOUD_DEV_BOOTSTRAP_DEVICE_PRIVATE_KEY',
      'the private key does not belong to MBED_CLOUD_DEV_BOOTSTRAP_DEVICE_CERTIFICATE',
    );
  }
  if (certificate.subject.commonName !== endpointName) {
    throw fields.mismatch(
      'MBED_CLOUD_DEV_BOOTSTRAP_ENDPOINT_NAME',
      `the endpoint name is "${shown(endpointName)}", but the certificate is for "${shown(certificate.subject.commonName ?? '')}"`,
    );
  }
  const memoryTotalKb = fields.number('MBED_CLOUD_DEV_MEMORY_TOTAL_KB');
  return {
    endpointName,
    accountId: fields.find('MBED_CLOUD_DEV_ACCOUNT_ID') ? fields.filledText('MBED_CLOUD_DEV_ACCOUNT_ID') : account,
    bootstrapServerUri: uri,
    deviceCertificate: certificate.der,
    bootstrapServerCa: serverCa.der,
    ...(lwm2mServerCa && { lwm2mServerCa: lwm2mServerCa.der }),
    devicePrivateKey: privateKey.der,
    manufacturer: fields.text('MBED_CLOUD_DEV_MANUFACTURER'),
    modelNumber: fields.text('MBED_CLOUD_DEV_MODEL_NUMBER'),
    serialNumber: fields.text('MBED_CLOUD_DEV_SERIAL_NUMBER'),
    deviceType: fields.text('MBED_CLOUD_DEV_DEVICE_TYPE'),
    hardwareVersion: fields.text('MBED_CLOUD_DEV_HARDWARE_VERSION'),
    memoryTotalKb,
    items: binItems(fields.variables, developerPrefix).map((item) =>
      item.name === 'MBED_CLOUD_DEV_MEMORY_TOTAL_KB' ? { ...item, data: littleEndian(memoryTotalKb) } : item,
    ),
  };
}
