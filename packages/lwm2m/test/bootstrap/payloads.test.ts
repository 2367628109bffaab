import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decodeCertificateChain,
  decodeNode,
  decodeRenewalOrder,
  encodeCertificateChain,
  encodeRenewalOrder,
  instance,
  object,
  parseBootstrapRequest,
  pelionBootstrapQuery,
  pelionSecurityObject,
  pelionServerObject,
  renewalStatus,
  resource,
  standardBootstrapQuery,
  standardCatalogue,
} from '../../src/index.ts';
import { hex, hexOf, utf8 } from '../bytes.ts';

const aid = '016c0000000000000000000000000001';
/** As long as the ones on the wire: certificate 522 bytes, authority 461, SEC1 key 121, URI 60. */
const certificate = new Uint8Array(0x20a).fill(0x30);
const serverAuthority = new Uint8Array(0x1cd).fill(0x31);
const privateKey = new Uint8Array(0x79).fill(0x32);
const serverUri = `coaps://127.0.0.1:5684?aid=${aid}x`;

test('the security object for a key that the server made, TLV by TLV as real clients took it', () => {
  assert.equal(utf8(serverUri).length, 0x3c);
  const payload = hexOf(pelionSecurityObject({ serverUri, serverAuthority, credentials: { certificate, privateKey } }));
  const expected =
    `100004a3c8003c${hexOf(utf8(serverUri))}c10100c10202d003020a${hexOf(certificate)}` +
    `d00401cd${hexOf(serverAuthority)}c80579${hexOf(privateKey)}c10a01`;
  assert.equal(payload.slice(8), expected.slice(8));
  assert.deepEqual(
    decodeNode(11542, [0], hex(payload), standardCatalogue),
    object(0, [
      instance(0, [
        resource(0, serverUri),
        resource(1, false),
        resource(2, 2),
        resource(3, certificate),
        resource(4, serverAuthority),
        resource(5, privateKey),
        resource(10, 1),
      ]),
    ]),
  );
});

test('the security object for a key that the device makes: mode 4, no certificate, no key', () => {
  const payload = hexOf(pelionSecurityObject({ serverUri: 'coaps://h', serverAuthority: hex('3000') }));
  assert.equal(payload, '08001dc80009636f6170733a2f2f68c10100c10204c003c2043000c005c10a01');
});

test("the server object, without the binding that Mbed Linux OS's client refuses", () => {
  assert.equal(hexOf(pelionServerObject(3600)), '08000cc10001c40100000e10c10600');
});

test('requests to bootstrap', () => {
  const first = pelionBootstrapQuery({ endpoint: 'e1', uriParameters: [`aid=${aid}`], clientVersion: '4.13.2' });
  assert.deepEqual(first, ['ep=e1', `aid=${aid}`, 'mccv=4.13.2']);
  assert.deepEqual(parseBootstrapRequest(first), {
    endpoint: 'e1',
    preferredFormat: undefined,
    accountId: aid,
    internalEndpoint: undefined,
    clientVersion: '4.13.2',
    parameters: new Map(),
  });
  const again = pelionBootstrapQuery({
    endpoint: 'e1',
    uriParameters: [`aid=${aid}`],
    internalEndpoint: 'i1',
    clientVersion: '4.1.0',
  });
  assert.deepEqual(again, ['ep=e1', `aid=${aid}`, 'iep=i1', 'mccv=4.1.0']);
  assert.equal(parseBootstrapRequest(again).internalEndpoint, 'i1');
  assert.deepEqual(standardBootstrapQuery('e', 112), ['ep=e', 'pct=112']);
  assert.equal(parseBootstrapRequest(['ep=e', 'pct=112']).preferredFormat, 112);
  assert.equal(parseBootstrapRequest([]).endpoint, undefined);
  assert.throws(() => parseBootstrapRequest(['ep=e', 'pct=x']), { code: 'lwm2m.registration.invalid' });
});

test("Pelion's answer to a certificate request", () => {
  const leaf = new Uint8Array(0x1d4).fill(1);
  const authority = new Uint8Array(300).fill(2);
  assert.equal(hexOf(encodeCertificateChain([leaf])), `010101d4${hexOf(leaf)}`);
  const chain = encodeCertificateChain([leaf, authority]);
  assert.deepEqual(decodeCertificateChain(chain), [leaf, authority]);
  for (const bad of [
    '',
    '01',
    '0100',
    '020100013000',
    '0101',
    '010100',
    '01010000',
    '0101000230',
    '010100013000',
    '0102000130',
  ]) {
    assert.throws(() => decodeCertificateChain(hex(bad)), { code: 'lwm2m.payload.malformed' }, bad);
  }
  assert.throws(() => encodeCertificateChain([]), { code: 'lwm2m.payload.malformed' });
  assert.throws(() => encodeCertificateChain([new Uint8Array(65536)]), { code: 'lwm2m.payload.malformed' });
});

test('the order to renew a certificate', () => {
  assert.equal(hexOf(encodeRenewalOrder('LWM2M')), '000100064c574d324d00');
  assert.equal(decodeRenewalOrder(hex('000100064c574d324d00')), 'LWM2M');
  // Marked as one that may be passed over, and with another of that kind before it.
  assert.equal(decodeRenewalOrder(hex('800f0002abcd 800100024100')), 'A');
  for (const bad of [
    '',
    '0001',
    '00010002',
    '000100014100',
    '0001000241',
    '000200014100',
    '00010003410000',
    '0001000100',
    '00010000',
  ]) {
    assert.throws(() => decodeRenewalOrder(hex(bad)), { code: 'lwm2m.payload.malformed' }, bad);
  }
  assert.throws(() => encodeRenewalOrder(''), { code: 'lwm2m.payload.malformed' });
  assert.equal(renewalStatus(utf8('0')), 0);
  assert.equal(renewalStatus(utf8('1285')), 1285);
  assert.equal(renewalStatus(utf8('')), undefined);
});
