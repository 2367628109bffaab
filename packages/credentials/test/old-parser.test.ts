import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  developerVariableNames,
  readDeveloperCredentials,
  readUpdateResources,
  updateVariableNames,
  writeDeveloperCredentials,
  writeUpdateResources,
} from '@mooring/credentials';
import type { Der } from '@mooring/pki';
import fc from 'fast-check';
import { developerFields, updateCertificate } from './identity.ts';
import { OldParserFailure, oldDeveloperKind, oldParse, oldUpdateKind } from './old-parser.ts';

const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('utf8');

describe('the rebuilt parser has the habits of the real one', () => {
  const value = (written: string) => oldParse(`#include <stdint.h>\nconst x arm_uc_a[] = ${written};`, oldUpdateKind);
  const cases: [string, string, string][] = [
    ['a letter r at the end is lost', '"str"', 'st'],
    ['spaces are lost', '"hello world"', 'helloworld'],
    ['one byte is text', '{ 0x41 }', '0x41'],
    ['a comma makes bytes', '"a,b"', '\n\x0b'],
    ['nothing in braces is nothing', '{ }', ''],
    ['bytes', '{ 0x41, 0x42 }', 'AB'],
  ];
  for (const [name, written, expected] of cases)
    test(name, () => assert.equal(text(value(written).get('arm_uc_a')), expected));
  for (const [name, source] of [
    ['no marker', 'const x arm_uc_a[] = {1};'],
    ['the marker twice', '#include <stdint.h>\n#include <stdint.h>\n'],
    ['no spaces around =', '#include <stdint.h>\nx={0x1};'],
    ['another prefix', '#include <stdint.h>\nconst x other = 1;'],
    ['a trailing comma', '#include <stdint.h>\nconst x arm_uc_a = {0x1, 0x2,};'],
    ['a large byte', '#include <stdint.h>\nconst x arm_uc_a = {0x1, 0x100};'],
  ] as const) {
    test(`fails: ${name}`, () => assert.throws(() => oldParse(source, oldUpdateKind), OldParserFailure));
  }
});

const printable = fc.string({
  unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyzABC0123456789-._~:/?&%#[]@!$()*+={}^`|<>'),
  minLength: 1,
  maxLength: 40,
});
const safe = printable.filter((value) => !/^[r{}]|[r{}]$| = |sizeof\(/.test(value));
const description = fc.string({ unit: fc.constantFrom(...'abcr {}019Ω=()<>#/*'), maxLength: 20 });
const bytes = fc.uint8Array({ minLength: 2, maxLength: 400 }) as fc.Arbitrary<Der>;

test('developer credentials that we write, the old parser reads; descriptions lose only what it always drops', () => {
  const fields = fc.record({
    endpointName: safe,
    accountId: safe,
    bootstrapServerUri: safe,
    deviceCertificate: bytes,
    bootstrapServerCa: bytes,
    lwm2mServerCa: bytes,
    devicePrivateKey: bytes,
    manufacturer: description,
    modelNumber: description,
    serialNumber: description,
    deviceType: description,
    hardwareVersion: description,
    memoryTotalKb: fc.nat(0xffffffff),
  });
  fc.assert(
    fc.property(fields, (input) => {
      fc.pre(!Object.values(input).some((value) => typeof value === 'string' && / = |sizeof\(|#include </.test(value)));
      const old = oldParse(writeDeveloperCredentials(input), oldDeveloperKind);
      assert.deepEqual([...old.keys()], [...developerVariableNames]);
      const values = [...old.values()];
      assert.deepEqual(values.slice(0, 3).map(text), [input.endpointName, input.accountId, input.bootstrapServerUri]);
      assert.deepEqual(
        values.slice(3, 7),
        [input.deviceCertificate, input.bootstrapServerCa, input.lwm2mServerCa, input.devicePrivateKey].map(
          (part) => new Uint8Array(part),
        ),
      );
      const kept = (value: string) => value.replaceAll(' ', '').replace(/^[{}r]+|[{}r]+$/g, '');
      assert.deepEqual(
        values.slice(7, 12).map(text),
        [input.manufacturer, input.modelNumber, input.serialNumber, input.deviceType, input.hardwareVersion].map(kept),
      );
      assert.equal(text(values[12]), String(input.memoryTotalKb));
    }),
    { numRuns: 200 },
  );
});

test('the defaults arrive as the old service sent them: the last letter of dev_manufacturer is lost there, not here', () => {
  const source = writeDeveloperCredentials(developerFields);
  const old = oldParse(source, oldDeveloperKind);
  const ours = new Map(readDeveloperCredentials(source, 'ours.c').items.map(({ name, data }) => [name, data]));
  assert.deepEqual([...ours.keys()], [...old.keys()]);
  const differing = [...old.keys()].filter((name) => text(old.get(name)) !== text(ours.get(name)));
  assert.deepEqual(differing, ['MBED_CLOUD_DEV_MANUFACTURER', 'MBED_CLOUD_DEV_MEMORY_TOTAL_KB']);
  assert.equal(text(old.get('MBED_CLOUD_DEV_MANUFACTURER')), 'dev_manufacture');
  assert.equal(text(ours.get('MBED_CLOUD_DEV_MANUFACTURER')), 'dev_manufacturer');
  assert.equal(text(old.get('MBED_CLOUD_DEV_MEMORY_TOTAL_KB')), '0');
  assert.deepEqual(ours.get('MBED_CLOUD_DEV_MEMORY_TOTAL_KB'), new Uint8Array(4));
});

test('update resources that we write, both parsers read alike', () => {
  const id = fc.uint8Array({ minLength: 16, maxLength: 16 });
  const psk = fc.option(fc.uint8Array({ minLength: 2, maxLength: 40 }), { nil: undefined });
  fc.assert(
    fc.property(id, id, psk, psk, fc.boolean(), (vendorId, classId, key, keyId, withCertificate) => {
      fc.pre(withCertificate || key !== undefined);
      const source = writeUpdateResources({
        vendorId,
        classId,
        ...(withCertificate && { certificate: updateCertificate }),
        ...(key && { psk: key }),
        ...(keyId && { pskId: keyId }),
      });
      const old = oldParse(source, oldUpdateKind);
      assert.deepEqual([...old.keys()], [...updateVariableNames]);
      const ours = readUpdateResources(source, 'ours.c');
      assert.deepEqual(
        ours.items,
        [...old].map(([name, data]) => ({ name, data })),
      );
      assert.deepEqual([ours.vendorId, ours.classId, ours.psk, ours.pskId], [vendorId, classId, key, keyId]);
      assert.equal(ours.certificate?.fingerprint, withCertificate ? updateCertificate.fingerprint : undefined);
    }),
    { numRuns: 60 },
  );
});

test('whatever is taken for an id, a name or a URI arrives unchanged through the old parser', () => {
  const hostile = fc.string({ unit: fc.constantFrom(...'ar{}\\ ,;="\'x\n\t\0é#/*()sizeof'), maxLength: 12 });
  let taken = 0;
  fc.assert(
    fc.property(hostile, fc.constantFrom('endpointName', 'accountId', 'bootstrapServerUri'), (value, field) => {
      let source: string;
      try {
        source = writeDeveloperCredentials({ ...developerFields, [field]: value });
      } catch (error) {
        assert.match((error as { code: string }).code, /^credentials\.field\./);
        return;
      }
      taken++;
      const at = ['endpointName', 'accountId', 'bootstrapServerUri'].indexOf(field);
      assert.equal(text([...oldParse(source, oldDeveloperKind).values()][at]), value);
    }),
    { numRuns: 2000 },
  );
  assert.ok(taken > 50, `${taken}`);
});
