import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type DeveloperCredentialFields,
  developerVariableNames,
  readDeveloperCredentials,
  writeDeveloperCredentials,
} from '@mooring/credentials';
import { type Der, derBytes, exportPrivateKey } from '@mooring/pki';
import { developerFields, deviceCertificate, deviceKey, otherKey, updateCertificate } from './identity.ts';

const write = (changes: Partial<DeveloperCredentialFields> = {}) =>
  writeDeveloperCredentials({ ...developerFields, ...changes });

test('what is written reads back', () => {
  const credentials = readDeveloperCredentials(write({ memoryTotalKb: 262_144 }), 'x.c');
  const { items, ...fields } = credentials;
  assert.deepEqual(fields, {
    ...developerFields,
    manufacturer: 'dev_manufacturer',
    modelNumber: 'dev_model_num',
    serialNumber: '0',
    deviceType: 'dev_device_type',
    hardwareVersion: 'dev_hardware_version',
    memoryTotalKb: 262_144,
  });
  assert.deepEqual(
    items.map(({ name }) => name),
    [...developerVariableNames],
  );
  const data = (name: string) => items.find((item) => item.name === `MBED_CLOUD_DEV_${name}`)?.data;
  assert.deepEqual(data('MEMORY_TOTAL_KB'), Uint8Array.of(0, 0, 4, 0));
  assert.deepEqual(data('BOOTSTRAP_DEVICE_PRIVATE_KEY'), developerFields.devicePrivateKey);
  assert.equal(Buffer.from(data('MANUFACTURER') ?? []).toString(), 'dev_manufacturer');
  assert.equal(
    writeDeveloperCredentials({ lwm2mServerCa: developerFields.lwm2mServerCa, ...credentials }),
    write({ memoryTotalKb: 262_144 }),
  );
});

test('the file has the layout of the published example', () => {
  const bytes = (...values: number[]) => derBytes(Uint8Array.from(values));
  const source = write({
    endpointName: 'e1',
    accountId: 'a1',
    bootstrapServerUri: 'coaps://h:5684?aid=a1',
    deviceCertificate: bytes(0x30, 0x82, 0x02, 0x70, 0x30, 0x82, 0x02, 0x15, 0xa0, 0x03),
    bootstrapServerCa: bytes(1, 2, 3, 4, 5, 6, 7, 8),
    lwm2mServerCa: bytes(0, 0xff),
    devicePrivateKey: bytes(...Array(17).fill(9)),
  });
  assert.equal(source.split('#include <inttypes.h>').length, 2);
  assert.equal(
    source.slice(source.indexOf('#ifndef')),
    `#ifndef __MBED_CLOUD_DEV_CREDENTIALS_H__
#define __MBED_CLOUD_DEV_CREDENTIALS_H__

#include <inttypes.h>

const char MBED_CLOUD_DEV_BOOTSTRAP_ENDPOINT_NAME[] = "e1";
const char MBED_CLOUD_DEV_ACCOUNT_ID[] = "a1";
const char MBED_CLOUD_DEV_BOOTSTRAP_SERVER_URI[] = "coaps://h:5684?aid=a1";

const uint8_t MBED_CLOUD_DEV_BOOTSTRAP_DEVICE_CERTIFICATE[] = ${''}
{ 0x30, 0x82, 0x02, 0x70, 0x30, 0x82, 0x02, 0x15,
 0xa0, 0x03 };

const uint8_t MBED_CLOUD_DEV_BOOTSTRAP_SERVER_ROOT_CA_CERTIFICATE[] = ${''}
{ 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08 };

const uint8_t MBED_CLOUD_DEV_LWM2M_SERVER_ROOT_CA_CERTIFICATE[] = ${''}
{ 0x00, 0xff };

const uint8_t MBED_CLOUD_DEV_BOOTSTRAP_DEVICE_PRIVATE_KEY[] = ${''}
{ 0x09, 0x09, 0x09, 0x09, 0x09, 0x09, 0x09, 0x09,
 0x09, 0x09, 0x09, 0x09, 0x09, 0x09, 0x09, 0x09,
 0x09 };

const char MBED_CLOUD_DEV_MANUFACTURER[] = "dev_manufacturer";

const char MBED_CLOUD_DEV_MODEL_NUMBER[] = "dev_model_num";

const char MBED_CLOUD_DEV_SERIAL_NUMBER[] = "0";

const char MBED_CLOUD_DEV_DEVICE_TYPE[] = "dev_device_type";

const char MBED_CLOUD_DEV_HARDWARE_VERSION[] = "dev_hardware_version";

const uint32_t MBED_CLOUD_DEV_MEMORY_TOTAL_KB = 0;

const uint32_t MBED_CLOUD_DEV_BOOTSTRAP_DEVICE_CERTIFICATE_SIZE = sizeof(MBED_CLOUD_DEV_BOOTSTRAP_DEVICE_CERTIFICATE);
const uint32_t MBED_CLOUD_DEV_BOOTSTRAP_SERVER_ROOT_CA_CERTIFICATE_SIZE = sizeof(MBED_CLOUD_DEV_BOOTSTRAP_SERVER_ROOT_CA_CERTIFICATE);
const uint32_t MBED_CLOUD_DEV_LWM2M_SERVER_ROOT_CA_CERTIFICATE_SIZE = sizeof(MBED_CLOUD_DEV_LWM2M_SERVER_ROOT_CA_CERTIFICATE);
const uint32_t MBED_CLOUD_DEV_BOOTSTRAP_DEVICE_PRIVATE_KEY_SIZE = sizeof(MBED_CLOUD_DEV_BOOTSTRAP_DEVICE_PRIVATE_KEY);

#endif //__MBED_CLOUD_DEV_CREDENTIALS_H__
`,
  );
});

describe('older and edited files are read', () => {
  const without = (name: string) =>
    write().replace(new RegExp(`const [a-z0-9_]+ MBED_CLOUD_DEV_${name}(\\[\\])? =[^;]*;\\n`), '');
  test('without the LwM2M root', () => {
    const { lwm2mServerCa, items } = readDeveloperCredentials(without('LWM2M_SERVER_ROOT_CA_CERTIFICATE'), 'x.c');
    assert.equal(lwm2mServerCa, undefined);
    assert.equal(items.length, 12);
  });
  test('without the account, which the URI names as well', () => {
    assert.equal(readDeveloperCredentials(without('ACCOUNT_ID'), 'x.c').accountId, developerFields.accountId);
  });
  test('with the memory size as text', () => {
    const source = write().replace(
      'const uint32_t MBED_CLOUD_DEV_MEMORY_TOTAL_KB = 0;',
      'const char MBED_CLOUD_DEV_MEMORY_TOTAL_KB[] = "512";',
    );
    const { memoryTotalKb, items } = readDeveloperCredentials(source, 'x.c');
    assert.equal(memoryTotalKb, 512);
    assert.deepEqual(items.at(-1)?.data, Uint8Array.of(0, 2, 0, 0));
  });
  test('with CRLF and the key as SEC1', () => {
    const devicePrivateKey = exportPrivateKey(deviceKey.privateKey, 'sec1', 'der');
    const source = write({ devicePrivateKey }).replaceAll('\n', '\r\n');
    assert.deepEqual(readDeveloperCredentials(source, 'x.c').devicePrivateKey, devicePrivateKey);
  });
  for (const name of developerVariableNames.filter((one) => !/ACCOUNT_ID|LWM2M/.test(one))) {
    test(`but not without ${name}`, () => {
      assert.throws(() => readDeveloperCredentials(without(name.replace('MBED_CLOUD_DEV_', '')), 'x.c'), {
        code: 'credentials.variable.missing',
        message: `x.c does not define ${name}.`,
      });
    });
  }
});

describe('what cannot be right is refused when it is read', () => {
  const pem = derBytes(Buffer.from('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'));
  const cases: [string, () => string, string, RegExp][] = [
    [
      'the key of another certificate',
      () => write({ devicePrivateKey: exportPrivateKey(otherKey.privateKey, 'pkcs8', 'der') }),
      'credentials.mismatch',
      /PRIVATE_KEY: the private key does not belong to/,
    ],
    [
      'a certificate for another name',
      () => write({ deviceCertificate: deviceCertificate({ commonName: 'else' }) }),
      'credentials.mismatch',
      /ENDPOINT_NAME: .*, but the certificate is for "else"/,
    ],
    [
      'a certificate without a name',
      () => write({ deviceCertificate: deviceCertificate({}) }),
      'credentials.mismatch',
      /ENDPOINT_NAME/,
    ],
    [
      'another scheme',
      () => write({ bootstrapServerUri: 'coap://h?aid=1' }),
      'credentials.variable.invalid',
      /SERVER_URI: .*coaps:/,
    ],
    ['no host', () => write({ bootstrapServerUri: 'coaps://?aid=1' }), 'credentials.variable.invalid', /SERVER_URI/],
    [
      'no account in the URI',
      () => write({ bootstrapServerUri: 'coaps://h:5684?paid=1' }),
      'credentials.variable.invalid',
      /aid=/,
    ],
    [
      'an empty account in the URI',
      () => write({ bootstrapServerUri: 'coaps://h:5684?aid=' }),
      'credentials.variable.invalid',
      /aid=/,
    ],
    [
      'a certificate in PEM',
      () => write({ deviceCertificate: pem }),
      'credentials.variable.invalid',
      /DEVICE_CERTIFICATE: the bytes are not DER/,
    ],
    [
      'a certificate cut off',
      () => write({ bootstrapServerCa: developerFields.bootstrapServerCa.subarray(0, -1) as Der }),
      'credentials.variable.invalid',
      /ROOT_CA_CERTIFICATE: the bytes are not a certificate \(Byte 0/,
    ],
    [
      'a key for a certificate',
      () => write({ lwm2mServerCa: developerFields.devicePrivateKey }),
      'credentials.variable.invalid',
      /LWM2M.*not a certificate/,
    ],
    [
      'a certificate for a key',
      () => write({ devicePrivateKey: developerFields.deviceCertificate }),
      'credentials.variable.invalid',
      /PRIVATE_KEY: the bytes are not a private key/,
    ],
    [
      'a certificate too large for a device',
      () => write({ deviceCertificate: derBytes(new Uint8Array(1025).fill(0x30)) }),
      'credentials.variable.invalid',
      /1025 bytes; devices take at most 1024/,
    ],
    [
      'a text for an array',
      () => write().replace(/CA_CERTIFICATE\[\] = [^;]*;/, 'CA_CERTIFICATE[] = "x";'),
      'credentials.variable.invalid',
      /an array of bytes is needed/,
    ],
    [
      'an array for a text',
      () =>
        write()
          .replace('"dev_model_num"', '{1}')
          .replace('const char MBED_CLOUD_DEV_MODEL', 'const uint8_t MBED_CLOUD_DEV_MODEL'),
      'credentials.variable.invalid',
      /MODEL_NUMBER: a text in quotes is needed/,
    ],
    [
      'an empty name',
      () => write().replace(`"${developerFields.endpointName}"`, '""'),
      'credentials.variable.invalid',
      /ENDPOINT_NAME: the text is empty/,
    ],
    [
      'an empty array',
      () => write().replace(/KEY\[\] = [^;]*;/, 'KEY[] = {};'),
      'credentials.variable.invalid',
      /PRIVATE_KEY: the array is empty/,
    ],
    [
      'a memory size in words',
      () =>
        write().replace('KB = 0', 'KB[] = "much"').replace('uint32_t MBED_CLOUD_DEV_MEM', 'char MBED_CLOUD_DEV_MEM'),
      'credentials.variable.invalid',
      /MEMORY_TOTAL_KB: a number/,
    ],
    [
      'update resources',
      () => '#include <stdint.h>\nconst uint8_t arm_uc_vendor_id[] = {1};',
      'credentials.source.kind',
      /update resources/,
    ],
    ['another C file', () => 'int a = 1;', 'credentials.source.kind', /does not define any variable MBED_CLOUD_DEV_/],
    ['an empty file', () => '', 'credentials.source.empty', /empty/],
  ];
  for (const [name, source, code, message] of cases) {
    test(name, () => {
      assert.throws(
        () => readDeveloperCredentials(source(), 'x.c'),
        (error: { code: string; message: string; next?: string; data?: { file?: string } }) => {
          assert.equal(error.code, code, error.message);
          assert.match(error.message, message);
          assert.equal(error.data?.file, 'x.c');
          assert.ok(error.next);
          return true;
        },
      );
    });
  }
});

describe('what old readers would damage is not written', () => {
  const exact = [
    '',
    'r1',
    '1r',
    '{1',
    '1}',
    'a b',
    ' a',
    'a,b',
    'a;b',
    'a"b',
    "a'b",
    'a\\b',
    'a\nb',
    'aé',
    'a\x7f',
    'a = b',
    'sizeof(a',
  ];
  for (const field of ['endpointName', 'accountId', 'bootstrapServerUri']) {
    for (const value of exact) {
      test(`${field} ${JSON.stringify(value)}`, () => {
        assert.throws(() => write({ [field]: value }), { code: 'credentials.field.unsafe' });
      });
    }
  }
  const tolerant = [
    'a,b',
    'a;b',
    'a"b',
    "a'b",
    'a\\b',
    'a\nb',
    'a = b',
    'a sizeof(b',
    '#include <inttypes.h>',
    '\0',
    '\ud800',
  ];
  for (const field of ['manufacturer', 'modelNumber', 'serialNumber', 'deviceType', 'hardwareVersion']) {
    for (const value of tolerant) {
      test(`${field} ${JSON.stringify(value)}`, () => {
        assert.throws(() => write({ [field]: value }), { code: 'credentials.field.unsafe' });
      });
    }
  }
  const invalid: [string, Partial<DeveloperCredentialFields>][] = [
    ['an endpoint name of 64', { endpointName: 'a'.repeat(64) }],
    ['a negative memory size', { memoryTotalKb: -1 }],
    ['half a kilobyte', { memoryTotalKb: 0.5 }],
    ['more than 32 bits', { memoryTotalKb: 2 ** 32 }],
    ['a certificate of one byte', { deviceCertificate: derBytes(new Uint8Array(1)) }],
  ];
  for (const [name, changes] of invalid) {
    test(name, () => assert.throws(() => write(changes), { code: 'credentials.field.invalid' }));
  }
});

test('a secret never stands in an error', () => {
  const secret = Buffer.from(developerFields.devicePrivateKey).toString('hex').slice(60, 124);
  const broken = write().replace(/(KEY\[\] = \n\{ )0x30/, '$10x31');
  assert.throws(
    () => readDeveloperCredentials(broken, 'x.c'),
    (error: Error) =>
      !JSON.stringify([error.message, error, String(error.cause)])
        .replaceAll(/[^0-9a-f]/g, '')
        .includes(secret),
  );
});

test('an update certificate is not taken for a device certificate', () => {
  assert.throws(() => readDeveloperCredentials(write({ deviceCertificate: updateCertificate.der }), 'x.c'), {
    code: 'credentials.mismatch',
  });
});
