import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  autoObservations,
  autoObserveNumber,
  autoObserveToken,
  formatRegisteredLinks,
  objectVersions,
  parseRegister,
  parseUpdate,
  pathText,
  pelionRegisterQuery,
  pelionUpdateQuery,
  registeredValue,
  standardCatalogue,
  standardRegisterQuery,
  standardUpdateQuery,
} from '../../src/index.ts';
import { hex, hexOf, textOf, utf8 } from '../bytes.ts';
import { accountId, c413, mbl } from './real-devices.ts';

test('the registration of mbed-cloud-client 4.13', () => {
  const { links, ...registration } = parseRegister(c413.query, utf8(c413.links), 40);
  assert.deepEqual(registration, {
    endpoint: '0170000000000000000000000000d001',
    lifetime: 7200,
    version: '1.0',
    binding: 'U',
    queueMode: false,
    smsNumber: undefined,
    endpointType: 'default',
    accountId,
    clientVersion: '4.13.2',
    parameters: new Map(),
    root: '/',
    contentFormats: [],
  });
  assert.equal(links.length, 50);
  const byPath = new Map(links.map((link) => [pathText(link.path), link]));
  assert.deepEqual(byPath.get('/3/0/1'), {
    path: [3, 0, 1],
    observable: true,
    contentFormats: [],
    autoObserve: 487,
    value: 'dev_model_num',
  });
  assert.deepEqual(byPath.get('/14/1/2'), {
    path: [14, 1, 2],
    observable: false,
    contentFormats: [],
    resourceType: 'Component Version',
    value: '0.0.0',
  });
  const vendor = byPath.get('/10255/0/3');
  assert.deepEqual(vendor && registeredValue(vendor, standardCatalogue), new Uint8Array(16));
  const observations = autoObservations(links);
  assert.equal(observations.size, 11);
  assert.deepEqual(observations.get(488), [3, 0, 2]);
});

test('the registration of the daemon of Mbed Linux OS: no content format, no version', () => {
  const registration = parseRegister(mbl.query, utf8(mbl.links), undefined);
  assert.equal(registration.version, '1.0');
  assert.equal(registration.lifetime, 600);
  assert.equal(registration.clientVersion, '4.1.0');
  const observations = autoObservations(registration.links);
  assert.equal(observations.size, 17);
  assert.deepEqual(observations.get(2), [10252, 0, 2]);
  const errors = registration.links.find(({ path }) => pathText(path) === '/3/0/11');
  assert.deepEqual(errors?.contentFormats, [99]);
  const deviceId = registration.links.find(({ path }) => pathText(path) === '/10255/0/5');
  assert.deepEqual(deviceId && registeredValue(deviceId, standardCatalogue), utf8('INVALID'));
});

test('both are written again as they came', () => {
  const { links } = parseRegister(c413.query, utf8(c413.links), 40);
  assert.equal(textOf(formatRegisteredLinks({ root: '/', contentFormats: [], links })), c413.links);
  assert.deepEqual(
    pelionRegisterQuery({
      endpoint: '0170000000000000000000000000d001',
      endpointType: 'default',
      lifetime: 7200,
      version: '1.0',
      accountId,
      uriParameters: [`aid=${accountId}`],
      clientVersion: '4.13.2',
    }),
    c413.query,
  );
});

test('the token of auto-observations', () => {
  assert.equal(hexOf(autoObserveToken(631)), '0277');
  assert.equal(hexOf(autoObserveToken(2)), '0002');
  assert.equal(autoObserveNumber(hex('0277')), 631);
  assert.equal(autoObserveNumber(hex('027700')), undefined);
  assert.equal(autoObserveNumber(hex('')), undefined);
});

test('a standard client, in the words of OMA LwM2M 1.0 and 1.1', () => {
  const old = parseRegister(
    ['ep=urn:dev:os:32473-123456', 'lt=86400', 'lwm2m=1.0', 'b=UQ', 'sms=+123'],
    utf8('</>;rt="oma.lwm2m";ct=11543,</1/0>,</1/1>,</2/0>,</3>;ver="1.1",</3/0>,</4>,</5>'),
    40,
  );
  assert.equal(old.binding, 'U');
  assert.equal(old.queueMode, true);
  assert.equal(old.smsNumber, '+123');
  assert.deepEqual(old.contentFormats, [11543]);
  assert.deepEqual(objectVersions(old.links), new Map([[3, '1.1']]));
  assert.deepEqual(
    old.links.map(({ path }) => pathText(path)),
    ['/1/0', '/1/1', '/2/0', '/3', '/3/0', '/4', '/5'],
  );

  const young = parseRegister(
    ['lwm2m=1.1', 'b=UT', 'Q', 'room=7'],
    utf8('</lwm2m>;rt="oma.lwm2m";ct="60 110 112",</lwm2m/1>;ver=1.1,</lwm2m/1/0>,</other>,</lwm2m/x>'),
    40,
  );
  assert.equal(young.endpoint, undefined);
  assert.equal(young.lifetime, 86_400);
  assert.equal(young.queueMode, true);
  assert.equal(young.root, '/lwm2m');
  assert.deepEqual(young.contentFormats, [60, 110, 112]);
  assert.deepEqual(young.parameters, new Map([['room', '7']]));
  assert.deepEqual(
    young.links.map(({ path, version }) => [pathText(path), version]),
    [
      ['/1', '1.1'],
      ['/1/0', undefined],
    ],
  );
  assert.equal(
    textOf(formatRegisteredLinks(young)),
    '</lwm2m>;rt="oma.lwm2m";ct="60 110 112",</lwm2m/1>;ver=1.1,</lwm2m/1/0>',
  );
});

test('the queries of standard clients', () => {
  const parameters = { endpoint: 'e', lifetime: 60, binding: 'U', queueMode: true };
  assert.deepEqual(standardRegisterQuery({ ...parameters, version: '1.0' }), ['ep=e', 'lt=60', 'lwm2m=1.0', 'b=UQ']);
  assert.deepEqual(standardRegisterQuery({ ...parameters, version: '1.1' }), [
    'ep=e',
    'lt=60',
    'lwm2m=1.1',
    'b=U',
    'Q',
  ]);
  assert.deepEqual(standardUpdateQuery({}), []);
  assert.deepEqual(standardUpdateQuery({ lifetime: 5, binding: 'T' }), ['lt=5', 'b=T']);
});

test('updates say what has changed', () => {
  assert.deepEqual(parseUpdate(pelionUpdateQuery('default', 120), utf8(''), 40), {
    endpointType: 'default',
    lifetime: 120,
  });
  assert.deepEqual(parseUpdate(pelionUpdateQuery('default'), utf8(''), undefined), { endpointType: 'default' });
  const update = parseUpdate(['b=UQ', 'sms=5'], utf8('</3/0>'), 40);
  assert.deepEqual(update, {
    binding: 'U',
    queueMode: true,
    smsNumber: '5',
    links: { root: '/', contentFormats: [], links: [{ path: [3, 0], observable: false, contentFormats: [] }] },
  });
  assert.deepEqual(parseUpdate([], utf8(''), undefined), {});
});

test('what cannot be taken is refused with a reason', () => {
  const links = utf8('</1/0>,</3/0>');
  const cases: [string[], Uint8Array, number | undefined, string][] = [
    [['ep='], links, 40, 'lwm2m.registration.invalid'],
    [['ep=a\nb'], links, 40, 'lwm2m.registration.invalid'],
    [['ep=a', 'ep=b'], links, 40, 'lwm2m.registration.invalid'],
    [['ep=a', 'lt=soon'], links, 40, 'lwm2m.registration.invalid'],
    [['ep=a', 'lt=99999999999'], links, 40, 'lwm2m.registration.invalid'],
    [['ep=a', 'lwm2m=one'], links, 40, 'lwm2m.registration.invalid'],
    [['ep=a', 'b=Z'], links, 40, 'lwm2m.registration.invalid'],
    [['ep=a'], links, 0, 'lwm2m.format.unsupported'],
    [['ep=a'], utf8('</1/0'), 40, 'lwm2m.payload.malformed'],
    [['ep=a'], utf8('</1/0>;aobs="70000"'), 40, 'lwm2m.registration.invalid'],
  ];
  for (const [query, payload, format, code] of cases) {
    assert.throws(() => parseRegister(query, payload, format), { code }, query.join());
  }
  const twice = parseRegister(['ep=a'], utf8('</3/0/0>;aobs="1",</3/0/1>;aobs="1"'), 40);
  assert.throws(() => autoObservations(twice.links), { code: 'lwm2m.registration.invalid' });
});

test('an account id that stands there twice, as in the URI and of itself, is one', () => {
  assert.equal(parseRegister([...c413.query, `aid=${accountId}`], utf8(''), 40).accountId, accountId);
});
