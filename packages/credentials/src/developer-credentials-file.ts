import type { Der } from '@mooring/pki';
import { credentialErrors } from './errors.ts';
import { checkExact, checkTolerant } from './old-parser-limits.ts';
import { developerPrefix } from './variable-names.ts';

/** What goes into a developer credentials file. */
export interface DeveloperCredentialFields {
  /** Equal to the certificate's common name. */
  endpointName: string;
  accountId: string;
  /** `coaps://HOST:PORT?aid=ACCOUNT` */
  bootstrapServerUri: string;
  deviceCertificate: Der;
  bootstrapServerCa: Der;
  lwm2mServerCa: Der;
  devicePrivateKey: Der;
  manufacturer?: string;
  modelNumber?: string;
  serialNumber?: string;
  deviceType?: string;
  hardwareVersion?: string;
  memoryTotalKb?: number;
}

/** The clients keep the endpoint name in 64 bytes with its terminator. */
const longestEndpointName = 63;

const guard = '__MBED_CLOUD_DEV_CREDENTIALS_H__';

const comment = `/*
 * Credentials of a developer certificate. They let a device connect to the account;
 * the private key is among them, so keep this file to yourself.
 * Generated; do not edit.
 */`;

function byteLines(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 8) {
    lines.push(Array.from(bytes.subarray(at, at + 8), (byte) => `0x${byte.toString(16).padStart(2, '0')}`).join(', '));
  }
  return lines.join(',\n ');
}

function byteArray(name: string, bytes: Uint8Array): string {
  if (bytes.length < 2) {
    throw credentialErrors('credentials.field.invalid', {
      message: `${developerPrefix}${name} cannot be written: ${bytes.length} bytes are not a certificate or key.`,
      next: 'Give the certificate or key as DER.',
      data: { field: name },
    });
  }
  return `const uint8_t ${developerPrefix}${name}[] = \n{ ${byteLines(bytes)} };\n`;
}

const text = (name: string, value: string): string => `const char ${developerPrefix}${name}[] = "${value}";\n`;

function checkMemory(value: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= 0xffffffff) return value;
  throw credentialErrors('credentials.field.invalid', {
    message: `The memory size has to be a whole number from 0 to 4294967295, not ${value}.`,
    next: 'Give the size in KB, or leave it out.',
    data: { field: 'memoryTotalKb' },
  });
}

/**
 * The C file that comes with a developer certificate, in the layout that the old parsers know, byte for byte from the
 * first `#ifndef` on.
 *
 * @throws MooringError `credentials.field.unsafe`, `credentials.field.invalid`
 */
export function writeDeveloperCredentials(fields: DeveloperCredentialFields): string {
  const endpointName = checkExact('endpointName', fields.endpointName);
  if (endpointName.length > longestEndpointName) {
    throw credentialErrors('credentials.field.invalid', {
      message: `The endpoint name has ${endpointName.length} characters; devices keep at most ${longestEndpointName}.`,
      next: 'Use a shorter name.',
      data: { field: 'endpointName' },
    });
  }
  const arrays: [string, Uint8Array][] = [
    ['BOOTSTRAP_DEVICE_CERTIFICATE', fields.deviceCertificate],
    ['BOOTSTRAP_SERVER_ROOT_CA_CERTIFICATE', fields.bootstrapServerCa],
    ['LWM2M_SERVER_ROOT_CA_CERTIFICATE', fields.lwm2mServerCa],
    ['BOOTSTRAP_DEVICE_PRIVATE_KEY', fields.devicePrivateKey],
  ];
  // The defaults are what the original service writes for every developer certificate.
  const descriptions = [
    text('MANUFACTURER', checkTolerant('manufacturer', fields.manufacturer ?? 'dev_manufacturer')),
    text('MODEL_NUMBER', checkTolerant('modelNumber', fields.modelNumber ?? 'dev_model_num')),
    text('SERIAL_NUMBER', checkTolerant('serialNumber', fields.serialNumber ?? '0')),
    text('DEVICE_TYPE', checkTolerant('deviceType', fields.deviceType ?? 'dev_device_type')),
    text('HARDWARE_VERSION', checkTolerant('hardwareVersion', fields.hardwareVersion ?? 'dev_hardware_version')),
    `const uint32_t ${developerPrefix}MEMORY_TOTAL_KB = ${checkMemory(fields.memoryTotalKb ?? 0)};\n`,
  ];
  const identity = [
    text('BOOTSTRAP_ENDPOINT_NAME', endpointName),
    text('ACCOUNT_ID', checkExact('accountId', fields.accountId)),
    text('BOOTSTRAP_SERVER_URI', checkExact('bootstrapServerUri', fields.bootstrapServerUri)),
  ].join('');
  const sizes = arrays.map(([name]) => {
    const full = `${developerPrefix}${name}`;
    return `const uint32_t ${full}_SIZE = sizeof(${full});\n`;
  });
  return [
    `${comment}\n#ifndef ${guard}\n#define ${guard}\n`,
    '#include <inttypes.h>\n',
    identity,
    ...arrays.map(([name, bytes]) => byteArray(name, bytes)),
    ...descriptions,
    sizes.join(''),
    `#endif //${guard}\n`,
  ].join('\n');
}
