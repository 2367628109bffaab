import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type CampaignCourse,
  type CampaignEvent,
  campaignAfter,
  endingOf,
  quietTime,
  workOf,
} from '../../src/updates/campaigns/campaign-machine.ts';
import {
  type CampaignDevice,
  type CampaignDeviceEvent,
  deploymentState,
  deviceAfter,
  newCampaignDevice,
} from '../../src/updates/campaigns/device-machine.ts';
import { assignWaves } from '../../src/updates/campaigns/waves.ts';

const draft: CampaignCourse = {
  state: 'draft',
  phase: 'draft',
  strategy: 'one-shot',
  start_at: null,
  approval_required: 0,
  approved_at: null,
  autostop: 1,
  autostop_percent: 100,
  failure_percent: null,
  stop_reason: null,
  wave: 0,
  wave_at: null,
  pending_count: 3,
  success_count: 0,
  failed_count: 0,
  skipped_count: 0,
  started_at: null,
  starting_at: null,
  active_at: null,
  stopping_at: null,
  stopped_at: null,
  archived_at: null,
  pauses: [],
};

function after(course: CampaignCourse, ...events: CampaignEvent[]): CampaignCourse {
  let now = course;
  for (const event of events) {
    const outcome = campaignAfter(now, event);
    assert.ok('course' in outcome, `${event.kind} was refused`);
    now = outcome.course;
  }
  return now;
}

const at = 1_000_000;
const started = (course: CampaignCourse) => after(course, { kind: 'start', at });

/** Takes a campaign to where it waits for its devices. */
function active(course: CampaignCourse): CampaignCourse {
  let now = started(course);
  for (let step = 0; step < 9; step++) now = after(now, { kind: 'stepped', at });
  return now;
}

test('a campaign goes through the states of the old service, one step after the other', () => {
  const seen: string[] = [];
  let now = started(draft);
  for (let step = 0; step < 9; step++) {
    seen.push(`${now.state}/${now.phase}`);
    now = after(now, { kind: 'stepped', at });
  }
  assert.deepEqual(seen, [
    'scheduled/starting',
    'allocatingquota/starting',
    'allocatedquota/starting',
    'checkingmanifest/starting',
    'checkedmanifest/starting',
    'devicefetch/starting',
    'devicecopy/starting',
    'devicecheck/starting',
    'publishing/active',
  ]);
  assert.deepEqual([now.state, now.phase, now.wave], ['deploying', 'active', 1]);
});

test('when it starts later, needs approval, or fails on its way', () => {
  const timed = started({ ...draft, start_at: at + 5_000 });
  assert.equal(timed.phase, 'timed');
  assert.deepEqual(workOf(timed, at, 0), { do: 'wait', until: at + 5_000 });
  assert.deepEqual(workOf(timed, at + 5_000, 0), { do: 'step' });
  const held = started({ ...draft, approval_required: 1 });
  assert.equal(held.phase, 'awaiting_approval');
  assert.deepEqual(workOf(held, at, 0), { do: 'nothing' });
  assert.equal(after(held, { kind: 'approve', at }).phase, 'starting');
  const failed = after(started(draft), { kind: 'stepped', at, problem: 'No device.' }, { kind: 'stepped', at });
  assert.deepEqual([failed.state, failed.phase, failed.stop_reason], ['autostopped', 'stopped', 'No device.']);
});

const counted = (course: CampaignCourse, counts: Partial<CampaignCourse>, offered = 3) =>
  after({ ...course, ...counts }, { kind: 'counted', at: at + quietTime, offered });

test('it ends by itself when its devices are done, at its percentage, or when too many fail', () => {
  const running = active(draft);
  assert.equal(counted(running, { pending_count: 1, success_count: 2 }).phase, 'active');
  assert.equal(counted(running, { pending_count: 0, success_count: 2, failed_count: 1 }).phase, 'stopping');
  assert.equal(counted({ ...running, autostop: 0 }, { pending_count: 0, success_count: 3 }).phase, 'active');
  const part = { ...running, autostop_percent: 60 };
  assert.equal(counted(part, { pending_count: 1, success_count: 2 }).phase, 'stopping');
  const strict = { ...running, failure_percent: 40 };
  assert.equal(counted(strict, { pending_count: 2, failed_count: 1 }).phase, 'active');
  assert.match(counted(strict, { pending_count: 1, failed_count: 2 }).stop_reason ?? '', /2 of 3 devices failed/);
  const open = { ...running, strategy: 'continuous' as const };
  assert.equal(counted(open, { pending_count: 0, success_count: 3 }).phase, 'active');
  // Whoever asks once after the start has to see that it runs.
  const early = after({ ...running, pending_count: 0, success_count: 3 }, { kind: 'counted', at, offered: 3 });
  assert.equal(early.phase, 'active');
  assert.deepEqual(workOf(early, at, 3), { do: 'wait', until: at + quietTime });
});

test('waves begin one after the other, each after the pause of the one before', () => {
  const running = active({ ...draft, pauses: [60_000, 0] });
  assert.deepEqual([running.wave, running.wave_at], [1, at + 60_000]);
  assert.deepEqual(workOf(running, at, 3), { do: 'wait', until: at + 60_000 });
  assert.equal(after(running, { kind: 'wave', at }), running);
  const second = after(running, { kind: 'wave', at: at + 60_000 });
  assert.deepEqual([second.wave, second.wave_at, second.state], [2, at + 60_000, 'publishing']);
  const third = after(second, { kind: 'stepped', at: at + 60_000 }, { kind: 'wave', at: at + 60_000 });
  assert.deepEqual([third.wave, third.wave_at], [3, null]);
});

test('every device is in one wave, those of no wave in the last, and nobody is forgotten', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.string({ minLength: 1, maxLength: 8 }), { maxLength: 60 }),
      fc.array(fc.oneof(fc.record({ percent: fc.integer({ min: 1, max: 30 }) }), fc.constant({ group_id: 'g' })), {
        maxLength: 3,
      }),
      (ids, waves) => {
        const members = new Set(ids.slice(0, 5));
        const assigned = assignWaves('c', waves, ids, () => members);
        assert.equal(assigned.size, ids.length);
        for (const wave of assigned.values()) assert.ok(wave >= 1 && wave <= waves.length + 1);
        assert.deepEqual(
          assigned,
          assignWaves('c', waves, [...ids].reverse(), () => members),
        );
      },
    ),
    { numRuns: 300 },
  );
  const percents = assignWaves(
    'c',
    [{ percent: 10 }, { percent: 20 }],
    Array.from({ length: 100 }, (_, n) => `d${n}`),
    () => new Set(),
  );
  const sizes = [1, 2, 3].map((wave) => [...percents.values()].filter((one) => one === wave).length);
  assert.deepEqual(sizes, [10, 20, 70]);
});

const times = fc.integer({ min: 0, max: 100 }).map((seconds) => at + seconds * 1000);
const campaignEvents: fc.Arbitrary<CampaignEvent> = fc.oneof(
  ...(['start', 'approve', 'stop', 'archive', 'wave'] as const).map((kind) =>
    fc.record({ kind: fc.constant(kind), at: times }),
  ),
  fc
    .record({ kind: fc.constant('stepped' as const), at: times, problem: fc.constantFrom(undefined, 'A problem.') })
    .map(({ problem, ...rest }) => ({
      ...rest,
      ...(problem === undefined ? {} : { problem }),
    })),
  fc.record({ kind: fc.constant('counted' as const), at: times, offered: fc.nat(3) }),
) as fc.Arbitrary<CampaignEvent>;

test('whatever happens to a campaign: over is over, and what runs has something to do or to wait for', () => {
  fc.assert(
    fc.property(
      fc.record({
        approval_required: fc.constantFrom(0, 1),
        start_at: fc.constantFrom(null, at + 50_000),
        failure_percent: fc.constantFrom(null, 50),
        pauses: fc.constantFrom([], [10_000], [0, 20_000]),
        failed_count: fc.nat(2),
      }),
      fc.array(campaignEvents, { maxLength: 40 }),
      (options, events) => {
        let now: CampaignCourse = { ...draft, ...options };
        for (const event of events) {
          const outcome = campaignAfter(now, event);
          if ('refused' in outcome) continue;
          const { course } = outcome;
          if (now.phase === 'stopped') assert.ok(['stopped', 'archived'].includes(course.phase));
          if (now.phase === 'archived') assert.equal(course.phase, 'archived');
          assert.ok(course.wave >= now.wave);
          if (course.approval_required === 1 && course.approved_at === null) {
            assert.ok(['draft', 'awaiting_approval', 'stopping', 'stopped', 'archived'].includes(course.phase));
          }
          now = course;
          const work = workOf(now, event.at, 3);
          if (now.phase === 'starting' || now.phase === 'stopping' || now.phase === 'timed')
            assert.notEqual(work.do, 'nothing');
          if (work.do === 'wait') assert.ok(work.until > event.at);
        }
        assert.equal(typeof (endingOf(now, 3) ?? ''), 'string');
      },
    ),
    { numRuns: 1000 },
  );
});

const results = fc.constantFrom(-1, 18, 23, 27, 100, 210, 500);
const deviceEvents: fc.Arbitrary<CampaignDeviceEvent> = fc.oneof(
  ...(['current', 'written', 'unsent', 'withdrawn', 'forgotten'] as const).map((kind) =>
    fc.record({ kind: fc.constant(kind) }),
  ),
  fc.record({ kind: fc.constant('skip' as const), reason: fc.constantFrom('schema' as const, 'deleted' as const) }),
  fc.record({ kind: fc.constant('writing' as const), result: results }),
  fc.record({ kind: fc.constant('refused' as const), code: fc.constant('4.05') }),
  fc.record({ kind: fc.constant('state' as const), value: fc.integer({ min: 0, max: 9 }) }),
  fc.record({ kind: fc.constant('result' as const), value: results }),
  fc.record({
    kind: fc.constant('found' as const),
    state: fc.constantFrom(undefined, 1, 4, 8),
    result: results,
    runs: fc.constantFrom('new' as const, 'other' as const, 'unknown' as const),
  }),
) as fc.Arbitrary<CampaignDeviceEvent>;

test('whatever happens to a device: done is done, every end has its reason, and a manifest is written only by who waits', () => {
  fc.assert(
    fc.property(fc.array(deviceEvents, { maxLength: 30 }), (events) => {
      let now: CampaignDevice = newCampaignDevice;
      for (const event of events) {
        const next = deviceAfter(now, event);
        if (now.progress === 'done') assert.equal(next, now);
        if (event.kind === 'writing' && next !== now) assert.equal(now.progress, 'waiting');
        if (next.progress === 'done') {
          assert.equal(next.reason_code === null, next.status === 'success');
          assert.ok(next.status !== 'pending' || next.reason_code === 'stopped');
        } else assert.equal(next.status, 'pending');
        assert.ok(next.attempts >= 0);
        assert.ok(deploymentState(next) !== undefined);
        now = next;
      }
    }),
    { numRuns: 2000 },
  );
});

const delivered: CampaignDevice = { ...newCampaignDevice, progress: 'delivered', attempts: 1, before_result: -1 };

test('after a break the device itself says where it is', () => {
  const writing: CampaignDevice = { ...delivered, progress: 'writing', before_result: 27 };
  const found = (state: number, result: number, runs: 'new' | 'other' | 'unknown' = 'other') =>
    ({ kind: 'found', seen: null, state, result, runs }) as const;
  for (const [before, event, progress, status] of [
    // It did not arrive: idle, with the result of the update before.
    [writing, found(1, 27), 'waiting', 'pending'],
    [writing, found(4, -1), 'delivered', 'pending'],
    [writing, found(1, 23), 'done', 'failed'],
    [writing, found(1, 27, 'new'), 'done', 'success'],
    [delivered, found(1, 18), 'done', 'success'],
    [{ ...delivered, told_state: 8 }, found(1, -1), 'done', 'failed'],
    [{ ...delivered, told_state: 8 }, found(8, -1), 'delivered', 'pending'],
    [{ ...delivered, told_state: 4 }, found(1, -1), 'delivered', 'pending'],
  ] as const) {
    const now = deviceAfter(before, { ...event, seen: before.told_state });
    assert.deepEqual([now.progress, now.status], [progress, status], JSON.stringify(event));
  }
});

test('what was read from a device before it told more changes nothing', () => {
  const installing: CampaignDevice = { ...delivered, told_state: 7 };
  for (const [state, result] of [
    [6, -1],
    [1, -1],
    [1, 23],
  ] as const) {
    const found = { kind: 'found', seen: 5, state, result, runs: 'other' } as const;
    assert.equal(deviceAfter(installing, found), installing, `State ${state}, Result ${result}`);
  }
  assert.equal(
    deviceAfter(installing, { kind: 'found', seen: 5, state: 1, result: -1, runs: 'new' }).status,
    'success',
  );
});

test('a device that has forgotten its manifest gets it again, three times at most', () => {
  const again = deviceAfter(delivered, { kind: 'forgotten' });
  assert.equal(again.progress, 'waiting');
  const last = deviceAfter({ ...delivered, attempts: 3 }, { kind: 'forgotten' });
  assert.deepEqual([last.status, last.reason_code], ['failed', 'forgotten']);
});
