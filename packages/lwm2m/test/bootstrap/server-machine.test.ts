import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codes } from '@mooring/coap';
import {
  type BootstrapPlan,
  type BootstrapRequest,
  type BootstrapServerEffect,
  type BootstrapServerEvent,
  type BootstrapServerState,
  bootstrapServer,
  decodeNode,
  standardCatalogue,
  startBootstrapServer,
} from '../../src/index.ts';
import { textOf, utf8 } from '../bytes.ts';
import { explore, shortened } from '../machine/explore.ts';

const request: BootstrapRequest = {
  endpoint: 'e1',
  preferredFormat: undefined,
  accountId: 'a',
  internalEndpoint: undefined,
  clientVersion: '4.13.2',
  parameters: new Map(),
};
const account = { serverUri: 'coaps://h?aid=a', serverAuthority: utf8('ca') };
const credentials = { certificate: utf8('certificate'), privateKey: utf8('key') };
const withKey: BootstrapPlan = {
  client: 'pelion',
  internalEndpoint: 'i',
  lifetime: 60,
  account: { ...account, credentials },
};
const withEst: BootstrapPlan = { client: 'pelion', internalEndpoint: 'i', account };
const standard: BootstrapPlan = {
  client: 'standard',
  accounts: [{ serverUri: 'coaps://h', security: { mode: 'none' }, shortServerId: 7, lifetime: 60 }],
};

/** The world around the machine: what was asked of it and is not answered yet. */
interface World {
  readonly state: BootstrapServerState;
  readonly timer: boolean;
  readonly deciding: number | undefined;
  readonly sending: number | undefined;
  readonly signing: number | undefined;
  readonly closed: boolean;
  /** Requests of the device that have no answer. */
  readonly bootstrapAsked: boolean;
  readonly certificateAsked: boolean;
  readonly completed: number;
  readonly failed: number;
}

/** What happens in the world when the machine wants something done. */
function perform(world: World, effect: BootstrapServerEffect): World {
  switch (effect.type) {
    case 'decide':
      return { ...world, deciding: effect.attempt };
    case 'sign':
      assert.equal(effect.attempt, world.state.attempt);
      return { ...world, signing: effect.attempt };
    case 'send':
      assert.equal(world.sending, undefined, 'two requests at once');
      assert.ok(!world.closed);
      return { ...world, sending: effect.attempt };
    case 'respond': {
      const key = effect.to === 'bootstrap' ? 'bootstrapAsked' : 'certificateAsked';
      assert.ok(world[key], `an answer to ${effect.to} that nobody waits for`);
      return { ...world, [key]: false };
    }
    case 'abandon':
      return { ...world, sending: undefined };
    case 'wait':
      return { ...world, timer: true };
    case 'stop waiting':
      return { ...world, timer: false };
    case 'complete':
      return { ...world, completed: world.completed + 1 };
    case 'fail':
      return { ...world, failed: world.failed + 1 };
    case 'close':
      return { ...world, closed: true };
  }
}

function before(world: World, event: BootstrapServerEvent): World {
  switch (event.type) {
    case 'requested':
      return { ...world, bootstrapAsked: true };
    case 'certificate requested':
      return { ...world, certificateAsked: true };
    case 'decided':
    case 'refused':
      return { ...world, deciding: undefined };
    case 'answered':
    case 'unanswered':
      return { ...world, sending: undefined };
    case 'signed':
    case 'not signed':
      return { ...world, signing: undefined };
    case 'waited':
      return { ...world, timer: false };
    case 'closed':
      return { ...world, closed: true, bootstrapAsked: false, certificateAsked: false };
  }
}

function step(world: World, event: BootstrapServerEvent): World {
  const { state, effects } = bootstrapServer(world.state, event);
  const ready = { ...before(world, event), state };
  const after = effects.reduce(perform, ready);
  assert.ok(after.completed - world.completed <= 1);
  assert.ok(after.completed === world.completed || after.failed === world.failed, 'complete and failed at once');
  if (state.phase === 'over') {
    assert.ok(after.closed, 'over with the connection open');
  } else {
    const goesOn =
      after.timer ||
      after.deciding === state.attempt ||
      after.sending === state.attempt ||
      after.signing === state.attempt;
    assert.ok(goesOn, `nothing would ever happen again in ${state.phase}`);
  }
  return after;
}

/** Everything that the world can come up with now. */
function events(world: World): BootstrapServerEvent[] {
  if (world.state.phase === 'over') return [{ type: 'waited' }, { type: 'closed' }];
  const found: BootstrapServerEvent[] = [{ type: 'closed' }];
  const { deciding, sending, signing, state } = world;
  if (!world.closed && state.attempt < 2) found.push({ type: 'requested', request });
  if (!world.closed && !world.certificateAsked) found.push({ type: 'certificate requested', request: utf8('csr') });
  if (deciding !== undefined) {
    for (const plan of [withKey, withEst, standard]) found.push({ type: 'decided', attempt: deciding, plan });
    found.push({ type: 'refused', attempt: deciding, code: codes.forbidden });
  }
  if (sending !== undefined) {
    for (const code of [codes.changed, codes.badRequest, codes.notFound, codes.unsupportedContentFormat]) {
      found.push({ type: 'answered', attempt: sending, code, payload: utf8('') });
    }
    found.push({
      type: 'answered',
      attempt: sending,
      code: codes.content,
      payload: utf8('</>;lwm2m=1.1,</0/0>,</0/1>;ssid=3'),
    });
    found.push({ type: 'unanswered', attempt: sending, reason: 'no answer' });
  }
  if (signing !== undefined) {
    found.push({ type: 'signed', attempt: signing, certificates: [utf8('c')] });
    found.push({ type: 'not signed', attempt: signing, code: codes.forbidden });
  }
  if (world.timer) found.push({ type: 'waited' });
  return found;
}

const initial: World = {
  ...startBootstrapServer(),
  timer: true,
  deciding: undefined,
  sending: undefined,
  signing: undefined,
  closed: false,
  bootstrapAsked: false,
  certificateAsked: false,
  completed: 0,
  failed: 0,
};

test('every order of events: one request at a time, no answer twice, and always something that goes on', () => {
  const { worlds } = explore({
    start: initial,
    events,
    step,
    key: ({ completed, failed, ...world }) => JSON.stringify([world, completed > 0, failed > 0], shortened),
  });
  assert.ok(worlds > 200, `only ${worlds} worlds`);
});

const after = (...given: BootstrapServerEvent[]) => {
  let state = startBootstrapServer().state;
  let effects: readonly BootstrapServerEffect[] = [];
  for (const event of given) ({ state, effects } = bootstrapServer(state, event));
  return { state, effects };
};
const asked: BootstrapServerEvent = { type: 'requested', request };
const good = (attempt = 1): BootstrapServerEvent => ({
  type: 'answered',
  attempt,
  code: codes.changed,
  payload: utf8(''),
});

test('a client that asks again is served anew, and nothing of before is heard', () => {
  const decided: BootstrapServerEvent = { type: 'decided', attempt: 1, plan: withKey };
  const { state, effects } = after(asked, decided, good(), asked);
  assert.deepEqual(
    effects.map(({ type }) => type),
    ['abandon', 'stop waiting', 'decide'],
  );
  assert.deepEqual(bootstrapServer(state, good(1)), { state, effects: [] });
  assert.deepEqual(bootstrapServer(state, decided), { state, effects: [] });
});

test('a write that is refused ends the bootstrap and says which one', () => {
  const decided: BootstrapServerEvent = { type: 'decided', attempt: 1, plan: withKey };
  const { effects } = after(asked, decided, good(), {
    type: 'answered',
    attempt: 1,
    code: codes.badRequest,
    payload: utf8(''),
  });
  assert.deepEqual(effects[0], {
    type: 'fail',
    failure: { reason: 'write refused', detail: 'PUT /0 was answered 4.00' },
  });
});

/** Runs the plan for a standard client to its end with these answers, and gives what was sent. */
function run(plan: BootstrapPlan, answer: (text: string) => { code: number; payload?: string }) {
  const sent: { text: string; contentFormat: number | undefined; payload: Uint8Array }[] = [];
  let { state, effects } = after(asked, { type: 'decided', attempt: 1, plan });
  for (;;) {
    const send = effects.find((effect) => effect.type === 'send');
    if (!send) return { sent, effects, state };
    const { method, path = [], contentFormat, payload } = send.request;
    const text = `${method} /${path.join('/')}`;
    sent.push({ text, contentFormat, payload: payload ?? new Uint8Array() });
    const { code, payload: told = '' } = answer(text);
    ({ state, effects } = bootstrapServer(state, { type: 'answered', attempt: 1, code, payload: utf8(told) }));
  }
}

test("a standard client is asked what it has, and the bootstrap server's own account is left alone", () => {
  const { sent, effects } = run(standard, (text) =>
    text === 'GET /0'
      ? { code: codes.content, payload: '</>;lwm2m=1.0,</0/0>;ssid=101,</0/1>' }
      : { code: codes.changed },
  );
  assert.deepEqual(
    sent.map(({ text }) => text),
    ['GET /0', 'DELETE /0', 'DELETE /1', 'PUT /0/0', 'PUT /1/0', 'POST /bs'],
  );
  assert.equal(sent[3]?.contentFormat, 11542);
  assert.deepEqual(effects[0], { type: 'complete', plan: standard });
});

test('one that tells nothing keeps instance 0, and one of 1.1 is written to in SenML', () => {
  const silent = run(standard, (text) => ({ code: text === 'GET /0' ? codes.methodNotAllowed : codes.changed }));
  assert.deepEqual(silent.sent.map(({ text }) => text).slice(3, 5), ['PUT /0/1', 'PUT /1/0']);
  const young = run(standard, (text) => ({
    code: text === 'GET /0' ? codes.content : codes.changed,
    payload: '</>;lwm2m=1.1,</0/2>',
  }));
  assert.equal(young.sent[3]?.contentFormat, 112);
  const preferred = run({ ...standard, preferredFormat: 110 }, (text) => ({
    code: text === 'GET /0' ? codes.notFound : codes.changed,
  }));
  assert.equal(preferred.sent[3]?.contentFormat, 110);
  assert.equal(
    textOf(preferred.sent[4]?.payload ?? utf8('')),
    '[{"bn":"/1/0/","n":"0","v":7},{"n":"1","v":60},{"n":"6","vb":true},{"n":"7","vs":"U"}]',
  );
});

test('a client that does not take the format is written to in another, and from then on', () => {
  let refused = 0;
  const { sent, effects } = run(standard, (text) => {
    if (text === 'GET /0') return { code: codes.notFound };
    if (text === 'PUT /0/1' && refused++ < 2) return { code: codes.unsupportedContentFormat };
    return { code: codes.changed };
  });
  assert.deepEqual(
    sent.filter(({ text }) => text.startsWith('PUT')).map(({ text, contentFormat }) => [text, contentFormat]),
    [
      ['PUT /0/1', 11542],
      ['PUT /0/1', 112],
      ['PUT /0/1', 110],
      ['PUT /1/0', 110],
    ],
  );
  assert.equal(effects[0]?.type, 'complete');
});

test('accounts with certificates and with pre-shared keys', () => {
  const plan: BootstrapPlan = {
    client: 'standard',
    preferredFormat: 11542,
    accounts: [
      {
        serverUri: 'coaps://a',
        shortServerId: 1,
        lifetime: 300,
        binding: 'UQ',
        security: { mode: 'psk', identity: utf8('me'), key: utf8('secret') },
      },
      {
        serverUri: 'coaps+tcp://b',
        shortServerId: 2,
        lifetime: 400,
        security: {
          mode: 'certificate',
          certificate: utf8('c'),
          privateKey: utf8('k'),
          serverCertificate: utf8('s'),
          usage: 2,
        },
      },
    ],
  };
  const { sent } = run(plan, (text) => ({ code: text === 'GET /0' ? codes.notFound : codes.changed }));
  assert.deepEqual(sent.map(({ text }) => text).slice(3), ['PUT /0/1', 'PUT /1/0', 'PUT /0/2', 'PUT /1/1', 'POST /bs']);
  const values = (index: number, at: number[]) => {
    const node = decodeNode(11542, at, sent[index]?.payload ?? utf8(''), standardCatalogue);
    assert.equal(node.kind, 'instance');
    return Object.fromEntries(
      node.kind === 'instance'
        ? node.resources.map((one) => [one.id, one.kind === 'resource' ? one.value : undefined])
        : [],
    );
  };
  assert.deepEqual(values(3, [0, 1]), {
    0: 'coaps://a',
    1: false,
    2: 0,
    3: utf8('me'),
    4: utf8(''),
    5: utf8('secret'),
    10: 1,
  });
  assert.deepEqual(values(5, [0, 2]), {
    0: 'coaps+tcp://b',
    1: false,
    2: 2,
    3: utf8('c'),
    4: utf8('s'),
    5: utf8('k'),
    10: 2,
    15: 2,
  });
  assert.deepEqual(values(4, [1, 0]), { 0: 1, 1: 300, 6: true, 7: 'UQ' });
});
