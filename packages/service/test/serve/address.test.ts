import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AddressKind, addressKind, parseHost, parseListenAddress, uriHost } from '../../src/serve/address.ts';
import { httpsHosts } from '../../src/serve/https.ts';
import { defaultPublicHost, publicHostWarning } from '../../src/serve/public-host.ts';

const addresses: [text: string, expected: { host: string; port: number } | undefined][] = [
  ['127.0.0.1:8080', { host: '127.0.0.1', port: 8080 }],
  ['[::1]:0', { host: '::1', port: 0 }],
  ['localhost:1', { host: 'localhost', port: 1 }],
  ['IoT.Example.com:443', { host: 'iot.example.com', port: 443 }],
  ['::1:80', undefined],
  ['127.0.0.1', undefined],
  ['127.0.0.1:65536', undefined],
  ['127.0.0.1:-1', undefined],
  ['300.0.0.1:80', undefined],
  ['a b:80', undefined],
  ['[fe80::1%eth0]:80', undefined],
  [':80', undefined],
];

for (const [text, expected] of addresses) {
  test(`listen address ${text}`, () => assert.deepEqual(parseListenAddress(text), expected));
}

test('a host is a name or an address and nothing around it', () => {
  for (const host of ['iot.example.com', 'xn--bcher-kva.example', 'a', '10.0.0.1', '2001:db8::1']) {
    assert.equal(parseHost(host), host);
  }
  assert.equal(parseHost('[2001:DB8::1]'), '2001:db8::1');
  for (const host of [
    '',
    'a_b',
    'a..b',
    '-a',
    'a-',
    'a.',
    '[10.0.0.1]',
    '[a]',
    '1.2.3',
    'a,b',
    'a;b',
    'bücher.example',
  ]) {
    assert.equal(parseHost(host), undefined, host);
  }
  assert.equal(uriHost('2001:db8::1'), '[2001:db8::1]');
  assert.equal(uriHost('a.example'), 'a.example');
});

const kinds: [host: string, kind: AddressKind, warned: RegExp | undefined][] = [
  ['iot.example.com', 'name', undefined],
  ['8.8.8.8', 'public', undefined],
  ['2606:4700::1111', 'public', undefined],
  ['build-host', 'name', /without a domain/],
  ['printer.local', 'name', /mDNS/],
  ['localhost', 'loopback', /only devices on this machine/],
  ['127.1.2.3', 'loopback', /only devices on this machine/],
  ['::1', 'loopback', /only devices on this machine/],
  ['169.254.7.7', 'link-local', /one network link/],
  ['fe80::1', 'link-local', /one network link/],
  ['192.168.1.20', 'private', /DHCP/],
  ['10.1.1.1', 'private', /DHCP/],
  ['fd00::1', 'private', /DHCP/],
  ['0.0.0.0', 'unspecified', /no address/],
  ['::', 'unspecified', /no address/],
  ['192.0.2.1', 'unroutable', /not routed/],
  ['2001:db8::1', 'unroutable', /not routed/],
  ['239.1.1.1', 'unroutable', /not routed/],
];

for (const [host, kind, warned] of kinds) {
  test(`devices are told ${host}: ${warned ? 'warned about' : 'fine'}`, () => {
    assert.equal(addressKind(host), kind);
    if (warned) assert.match(publicHostWarning(host) ?? '', warned);
    else assert.equal(publicHostWarning(host), undefined);
  });
}

test('the public host, where none was set, is what people would expect', () => {
  const at = (host: string) => defaultPublicHost({ host, port: 80 }, 'Build-Host');
  assert.equal(at('127.0.0.1'), '127.0.0.1');
  assert.equal(at('localhost'), '127.0.0.1');
  assert.equal(at('::1'), '::1');
  assert.equal(at('192.168.1.20'), '192.168.1.20');
  assert.equal(at('iot.example.com'), 'iot.example.com');
  assert.equal(at('0.0.0.0'), 'build-host');
  assert.equal(defaultPublicHost({ host: '::', port: 80 }, 'no host name'), '127.0.0.1');
});

test('the own HTTPS certificate fits every way to the service', () => {
  const hosts = httpsHosts('iot.example.com', '192.168.1.20', 'build-host');
  assert.deepEqual(hosts, ['iot.example.com', '192.168.1.20', 'localhost', '127.0.0.1', '::1']);
  const everywhere = httpsHosts('iot.example.com', '0.0.0.0', 'build-host');
  assert.ok(everywhere.includes('build-host') && !everywhere.includes('0.0.0.0'));
});
