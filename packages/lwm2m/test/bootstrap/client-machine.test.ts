import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codes, type IncomingRequest, type Method, noBytes } from '@mooring/coap';
import {
  type AccountsDraft,
  type BootstrapClientEffect,
  type BootstrapClientEvent,
  type BootstrapClientRules,
  type BootstrapClientState,
  bootstrapClient,
  clientAccounts,
  encodeNode,
  instance,
  noAccounts,
  object,
  pelionBootstrapRules,
  pelionSecurityObject,
  pelionServerObject,
  resource,
  standardBootstrapRules,
  standardCatalogue,
  startBootstrapClient,
} from '../../src/index.ts';
import { textOf, utf8 } from '../bytes.ts';
import { explore, shortened } from '../machine/explore.ts';

const account = { serverUri: 'coaps://h?aid=a', serverAuthority: utf8('ca') };
const credentials = { certificate: utf8('certificate'), privateKey: utf8('key') };

function incoming(method: Method, path: string, more: Partial<IncomingRequest> = {}): BootstrapClientEvent {
  const request: IncomingRequest = {
    method,
    path: path.split('/').filter((segment) => segment !== ''),
    query: [],
    payload: noBytes,
    options: [],
    token: noBytes,
    ...more,
  };
  return { type: 'requested', request };
}

const put = (path: string, payload: Uint8Array, contentFormat = 11542) =>
  incoming('PUT', path, { payload, contentFormat });
const finish = (query: string[] = []) => incoming('POST', '/bs', { query });
const withKey = put('/0', pelionSecurityObject({ ...account, credentials }));
const withEst = put('/0', pelionSecurityObject(account));
const server = put('/1', pelionServerObject(60));

interface World {
  readonly state: BootstrapClientState;
  readonly timer: boolean;
  readonly asked: boolean;
  readonly enrolling: boolean;
  readonly closing: boolean;
  readonly completed: boolean;
  readonly failed: boolean;
}

const existing: AccountsDraft = new Map([[0, new Map([[1, new Map([[1, resource(1, true)]])]])]]);

function exploreWith(rules: BootstrapClientRules) {
  const settings = { rules, catalogue: standardCatalogue };
  const perform = (world: World, effect: BootstrapClientEffect): World => {
    switch (effect.type) {
      case 'ask':
      case 'respond':
        return world;
      case 'enroll':
        assert.equal(effect.internalEndpoint, 'i');
        return { ...world, enrolling: true };
      case 'wait':
        return { ...world, timer: true };
      case 'stop waiting':
        return { ...world, timer: false };
      case 'complete':
        assert.ok(!world.completed && !world.failed, 'complete a second time, or after a failure');
        assert.equal(rules.incomplete(effect.result.draft), undefined);
        return { ...world, completed: true };
      case 'fail':
        assert.ok(!world.completed && !world.failed, 'failed a second time, or after it was complete');
        return { ...world, failed: true };
      case 'close':
        return { ...world, closing: true };
    }
  };
  return explore<World, BootstrapClientEvent>({
    start: {
      ...startBootstrapClient(existing),
      timer: false,
      asked: true,
      enrolling: false,
      closing: false,
      completed: false,
      failed: false,
    },
    events(world) {
      const found: BootstrapClientEvent[] = [{ type: 'closed' }];
      if (world.asked) {
        found.push({ type: 'answered', code: codes.changed }, { type: 'answered', code: codes.forbidden });
        found.push({ type: 'unanswered', reason: 'no answer' });
      }
      found.push(withKey, withEst, server, put('/0', utf8('x')), put('/0', utf8('x'), 50), put('/3', utf8('')));
      found.push(
        incoming('DELETE', '/0'),
        incoming('DELETE', '/'),
        incoming('DELETE', '/0/1'),
        incoming('DELETE', '/0/0'),
      );
      found.push(finish(), finish(['iep=i']), incoming('GET', '/0', { accept: 40 }), incoming('GET', '/1'));
      if (world.enrolling)
        found.push({ type: 'enrolled', certificates: [utf8('c')] }, { type: 'not enrolled', reason: 'no' });
      if (world.timer) found.push({ type: 'waited' });
      return found;
    },
    step(world, event) {
      const { state, effects } = bootstrapClient(world.state, event, settings);
      const answers = effects.filter(({ type }) => type === 'respond').length;
      assert.equal(answers, event.type === 'requested' ? 1 : 0);
      const ready = {
        ...world,
        state,
        asked: world.asked && event.type !== 'answered' && event.type !== 'unanswered',
        enrolling: world.enrolling && event.type !== 'enrolled' && event.type !== 'not enrolled',
        timer: world.timer && event.type !== 'waited',
      };
      const after = effects.reduce(perform, ready);
      assert.ok(
        state.phase === 'over' || after.asked || after.timer || after.enrolling,
        `${state.phase} would last for ever`,
      );
      if (state.phase === 'over') assert.ok(after.completed || after.failed);
      // The account of the bootstrap server stays, whatever is deleted.
      assert.ok(state.draft.get(0)?.has(1));
      return after;
    },
    key: (world) => JSON.stringify(world, shortened),
  });
}

for (const [name, rules] of [
  ['C4.13', pelionBootstrapRules('4.13')],
  ['the client of Mbed Linux OS', pelionBootstrapRules('4.1')],
  ['a standard client', standardBootstrapRules],
] as const) {
  test(`every order of events for ${name}: every request answered once, one end, and that with something complete`, () => {
    assert.ok(exploreWith(rules).worlds > 30);
  });
}

/** Everything up to the last event, whose effects are given. */
function after(rules: BootstrapClientRules, ...events: BootstrapClientEvent[]) {
  let { state, effects } = startBootstrapClient(existing);
  for (const event of [{ type: 'answered', code: codes.changed } as const, ...events]) {
    ({ state, effects } = bootstrapClient(state, event, { rules, catalogue: standardCatalogue }));
  }
  const answer = effects.find((effect) => effect.type === 'respond')?.answer;
  return { state, effects, answer };
}

test('what real Pelion clients refuse', () => {
  const [c413, mbl] = [pelionBootstrapRules('4.13'), pelionBootstrapRules('4.1')];
  const tlv = (objectId: number, id: number, ...resources: ReturnType<typeof resource>[]) =>
    put(`/${objectId}`, encodeNode(11542, [objectId], object(objectId, [instance(id, resources)]), standardCatalogue));
  const binding = tlv(1, 0, resource(0, 1), resource(1, 60), resource(7, 'U'));
  const cases: [BootstrapClientRules, BootstrapClientEvent, number][] = [
    [c413, withKey, codes.changed],
    [mbl, withKey, codes.changed],
    [c413, binding, codes.changed],
    [mbl, binding, codes.badRequest],
    [mbl, server, codes.changed],
    [c413, tlv(0, 1, resource(0, 'coaps://h')), codes.badRequest],
    [c413, tlv(0, 2, resource(0, 'coaps://h')), codes.changed],
    [c413, tlv(3, 0, resource(13, new Date(0))), codes.changed],
    [c413, tlv(3, 0, resource(13, new Date(0)), resource(14, '+01:00')), codes.badRequest],
    [c413, put('/10', utf8('')), codes.badRequest],
    [c413, put('/0/0/0', utf8('coaps://h'), 0), codes.badRequest],
    [c413, withEst, codes.changed],
  ];
  for (const [rules, event, code] of cases)
    assert.equal(after(rules, event).answer?.code, code, JSON.stringify(event, shortened));
  assert.equal(after(c413, server, finish()).answer?.code, codes.badRequest);
  assert.equal(after(c413, withEst, finish()).answer?.code, codes.badRequest);
  assert.equal(after(c413, withEst, finish(['iep=i'])).effects.at(-1)?.type, 'enroll');
});

test('a standard client tells what it has, and is complete with both objects', () => {
  const rules = standardBootstrapRules;
  const discovered = after(rules, withKey, server, incoming('GET', '/', { accept: 40 })).answer;
  assert.equal(
    textOf(discovered?.payload as Uint8Array),
    '</>;lwm2m=1.1,</0/1>,</0/0>;ssid=1;uri="coaps://h?aid=a",</1/0>;ssid=1',
  );
  assert.equal(after(rules, withKey, finish()).answer?.code, codes.notAcceptable);
  const { effects } = after(rules, withKey, server, finish());
  assert.deepEqual(
    effects.map(({ type }) => type),
    ['stop waiting', 'respond', 'complete', 'close'],
  );
  const read = after(rules, server, incoming('GET', '/1/0', { accept: 110 })).answer;
  assert.equal(
    textOf(read?.payload as Uint8Array),
    '[{"bn":"/1/0/","n":"0","v":1},{"n":"1","v":60},{"n":"6","vb":false}]',
  );
  assert.equal(after(rules, withKey, incoming('GET', '/0/0')).answer?.code, codes.methodNotAllowed);
});

test('single resources are put beside those that are there', () => {
  const { state } = after(
    standardBootstrapRules,
    withKey,
    put('/0/0/0', utf8('coaps://other'), 0),
    put('/1/0/1', utf8('77'), 0),
  );
  const [account] = clientAccounts(state.draft);
  assert.equal(account?.serverUri, 'coaps://other');
  assert.deepEqual(account?.secretKey, utf8('key'));
  assert.deepEqual(clientAccounts(noAccounts), []);
});
