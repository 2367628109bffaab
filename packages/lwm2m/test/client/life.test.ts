import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codes } from '@mooring/coap';
import {
  type LifeEffect,
  type LifeEvent,
  type LifeState,
  life,
  lifeTimes,
  stoppedLife,
  type Target,
} from '../../src/index.ts';
import { explore } from '../machine/explore.ts';

const rules = { random: () => 0.5 };
const location = ['rd', '1'];

/** The world around a device: what is under way. */
interface World {
  readonly state: LifeState;
  readonly connecting: Target | undefined;
  readonly connection: Target | undefined;
  readonly bootstrapping: boolean;
  readonly asking: boolean;
  readonly timer: 'retry' | 'update' | undefined;
  readonly account: boolean;
  /** Objects changed since the server was last told of all of them. */
  readonly untold: boolean;
  readonly telling: boolean;
}

function perform(world: World, effect: LifeEffect): World {
  switch (effect.type) {
    case 'connect':
      assert.equal(world.connection, undefined, 'two connections at once');
      assert.ok(effect.to === 'bootstrap' || world.account, 'registers without an account');
      return { ...world, connecting: effect.to };
    case 'disconnect':
      return { ...world, connecting: undefined, connection: undefined, bootstrapping: false, asking: false };
    case 'bootstrap':
      assert.equal(world.connection, 'bootstrap');
      return { ...world, bootstrapping: true };
    case 'register':
    case 'update':
    case 'deregister':
      assert.equal(world.connection, 'server', `${effect.type} without a connection`);
      assert.ok(!world.asking, 'two requests at once');
      return {
        ...world,
        asking: true,
        telling: effect.type === 'register' || (effect.type === 'update' && effect.links),
      };
    case 'forget account':
      return { ...world, account: false };
    case 'wait':
      return { ...world, timer: effect.for };
    case 'stop waiting':
      return { ...world, timer: undefined };
    case 'report':
      return world;
  }
}

function before(world: World, event: LifeEvent): World {
  switch (event.type) {
    case 'connected':
      return { ...world, connection: world.connecting, connecting: undefined };
    case 'not connected':
      return { ...world, connecting: undefined };
    case 'lost':
      return { ...world, connection: undefined, asking: false };
    case 'bootstrapped':
      return { ...world, bootstrapping: false, connection: undefined, account: true };
    case 'not bootstrapped':
      return { ...world, bootstrapping: false, connection: undefined };
    case 'answered':
      return { ...world, asking: false, untold: world.untold && !(world.telling && event.code < 0x80) };
    case 'unanswered':
      return { ...world, asking: false };
    case 'structure changed':
      return { ...world, untold: true, telling: false };
    case 'waited':
      return { ...world, timer: undefined };
    default:
      return world;
  }
}

function step(world: World, event: LifeEvent): World {
  const { state, effects } = life(world.state, event, rules);
  const after = effects.reduce(perform, { ...before(world, event), state });
  assert.ok(effects.filter(({ type }) => type === 'connect').length <= 1);
  switch (state.phase) {
    case 'stopped':
      assert.equal(after.connection ?? after.connecting ?? after.timer, undefined, 'stopped, and something goes on');
      break;
    case 'connecting':
      assert.equal(after.connecting, state.target);
      break;
    case 'bootstrapping':
      assert.ok(after.bootstrapping);
      break;
    case 'registered':
      assert.equal(after.timer, 'update');
      assert.equal(after.connection, 'server');
      assert.ok(!after.untold, 'registered, and the server does not know all objects');
      break;
    case 'pausing':
      assert.equal(after.timer, 'retry');
      break;
    default:
      assert.ok(after.asking, `${state.phase}, and nobody was asked`);
  }
  return after;
}

function events(world: World): LifeEvent[] {
  const found: LifeEvent[] = [
    { type: 'structure changed' },
    { type: 'lifetime changed', lifetime: 120 },
    { type: 'update asked' },
    { type: 'bootstrap asked' },
    { type: 'disable', milliseconds: 5 },
    { type: 'stop' },
  ];
  if (world.state.phase === 'stopped') {
    found.push({ type: 'start', hasAccount: world.account });
    return found;
  }
  if (world.connecting) {
    found.push({ type: 'connected' });
    for (const untrusted of [true, false]) found.push({ type: 'not connected', untrusted });
  }
  if (world.bootstrapping) found.push({ type: 'bootstrapped', lifetime: 60 }, { type: 'not bootstrapped' });
  else if (world.connection) found.push({ type: 'lost' });
  if (world.asking) {
    found.push({ type: 'answered', code: codes.created, location });
    for (const code of [codes.changed, codes.deleted, codes.badRequest, codes.notFound, codes.serviceUnavailable]) {
      found.push({ type: 'answered', code });
    }
    found.push({ type: 'unanswered' });
  }
  if (world.timer) found.push({ type: 'waited' });
  return found;
}

test('every order of events: one connection, one request at a time, always something that goes on, nothing untold', () => {
  const { worlds } = explore({
    start: {
      state: stoppedLife(3600),
      connecting: undefined,
      connection: undefined,
      bootstrapping: false,
      asking: false,
      timer: undefined,
      account: false,
      untold: false,
      telling: false,
    },
    events,
    step,
    key: ({ state: { failures, refusals, lifetime, ...state }, ...world }) =>
      JSON.stringify([state, world, Math.min(failures, 2), Math.min(refusals, 1)]),
  });
  assert.ok(worlds > 300, `only ${worlds} worlds`);
});

/** The waits for a retry that these events lead to. */
function waits(random: number, ...given: LifeEvent[]): number[] {
  let state = stoppedLife(3600);
  const found: number[] = [];
  for (const event of given) {
    const next = life(state, event, { random: () => random });
    ({ state } = next);
    for (const effect of next.effects)
      if (effect.type === 'wait' && effect.for === 'retry') found.push(effect.milliseconds);
  }
  return found;
}

const start: LifeEvent = { type: 'start', hasAccount: true };
const fails: LifeEvent[] = [{ type: 'not connected', untrusted: false }, { type: 'waited' }];

test('13 s within a tenth, then twice as long each time, to four hours', () => {
  const attempts = Array.from({ length: 14 }, () => fails).flat();
  const middle = waits(0.5, start, ...attempts);
  assert.deepEqual(middle.slice(0, 4), [13_000, 26_000, 52_000, 104_000]);
  assert.equal(middle.at(-1), lifeTimes.longestRetry);
  assert.equal(waits(0, start, ...fails)[0], 11_700);
  assert.equal(waits(0.999_999, start, ...fails)[0], 14_300);
});

test('a success begins the count anew', () => {
  const again = waits(
    0.5,
    start,
    ...fails,
    ...fails,
    { type: 'connected' },
    { type: 'answered', code: codes.created, location },
    { type: 'lost' },
  );
  assert.deepEqual(again, [13_000, 26_000, 13_000]);
});

test('a refused registration: a new bootstrap after 20 to 100 s, twice as long each time', () => {
  const refused: LifeEvent[] = [{ type: 'connected' }, { type: 'answered', code: codes.forbidden }];
  const again: LifeEvent[] = [{ type: 'waited' }, { type: 'connected' }, { type: 'bootstrapped', lifetime: undefined }];
  assert.deepEqual(waits(0.5, start, ...refused, ...again, ...refused), [60_000, 120_000]);
  assert.deepEqual(waits(0, start, ...refused), [20_000]);
});

const registered = (maxAge?: number): LifeEvent[] => [
  start,
  { type: 'connected' },
  { type: 'answered', code: codes.created, location, ...(maxAge === undefined ? {} : { maxAge }) },
];

function last(given: LifeEvent[], lifetime = 3600, updateEvery?: number): readonly LifeEffect[] {
  let next = { state: stoppedLife(lifetime), effects: [] as readonly LifeEffect[] };
  for (const event of given)
    next = life(next.state, event, { ...rules, ...(updateEvery === undefined ? {} : { updateEvery }) });
  return next.effects;
}

test('updates at three quarters of the lifetime, of at least a minute', () => {
  const wait = (...args: Parameters<typeof last>) =>
    last(...args).find((effect) => effect.type === 'wait')?.milliseconds;
  assert.equal(wait(registered()), 2_700_000);
  assert.equal(wait(registered(), 10), 45_000);
  assert.equal(wait(registered(300)), 225_000);
  assert.equal(wait(registered(59)), 2_700_000);
  assert.equal(wait(registered(), 3600, 300), 300_000);
  assert.equal(wait(registered(), 0), undefined);
  assert.equal(wait(registered(), 0xffffffff), 3_221_225_471_250);
});

test('the next connection begins with an update that says the lifetime, and what was not heard', () => {
  const lost: LifeEvent[] = [...registered(), { type: 'lost' }, { type: 'waited' }, { type: 'connected' }];
  assert.deepEqual(last(lost).at(-1), { type: 'update', location, lifetime: 3600, links: false });
  const changed: LifeEvent[] = [
    ...registered(),
    { type: 'structure changed' },
    { type: 'lost' },
    { type: 'waited' },
    { type: 'connected' },
  ];
  assert.deepEqual(last(changed).at(-1), { type: 'update', location, lifetime: 3600, links: true });
});

test('a bootstrap that was asked for and fails leaves the account that there was', () => {
  const effects = last([
    ...registered(),
    { type: 'bootstrap asked' },
    { type: 'connected' },
    { type: 'not bootstrapped' },
    { type: 'waited' },
  ]);
  assert.deepEqual(effects.at(-1), { type: 'connect', to: 'server' });
});

test('Disable deregisters, waits, and registers anew', () => {
  const given: LifeEvent[] = [...registered(), { type: 'disable', milliseconds: 5000 }];
  assert.deepEqual(last(given).at(-1), { type: 'deregister', location });
  given.push({ type: 'answered', code: codes.deleted });
  assert.deepEqual(last(given).at(-1), { type: 'wait', milliseconds: 5000, for: 'retry' });
  given.push({ type: 'waited' }, { type: 'connected' });
  assert.equal(last(given).at(-1)?.type, 'register');
});
