import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mock, test } from 'node:test';
import { backgroundTimers, systemTimers } from '@mooring/platform';
import { fakeTime } from '@mooring/platform/testing';

test('a wait of two months is not cut short by what a timer of Node can hold', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    let ran = 0;
    const days = 24 * 3600_000;
    systemTimers.after(60 * days, () => ran++);
    for (let day = 0; day < 59; day++) mock.timers.tick(days);
    assert.equal(ran, 0);
    for (let day = 0; day < 5; day++) mock.timers.tick(days);
    assert.equal(ran, 1);

    const second = backgroundTimers.after(60 * days, () => ran++);
    for (let day = 0; day < 40; day++) mock.timers.tick(days);
    second.cancel();
    mock.timers.tick(30 * days);
    assert.equal(ran, 1);
  } finally {
    mock.timers.reset();
  }
});

test('background timers let the process end, the others do not', () => {
  const run = (timers: string) => {
    const program = `import { ${timers} as timers } from '@mooring/platform'; timers.after(50, () => console.log('ran'));`;
    return spawnSync(process.execPath, ['--input-type=module', '-e', program], { cwd: import.meta.dirname }).stdout;
  };
  assert.equal(String(run('systemTimers')), 'ran\n');
  assert.equal(String(run('backgroundTimers')), '');
});

test('fake time runs timers in order, with what promises make runnable in between', async () => {
  const time = fakeTime('2026-05-01T12:00:00Z');
  const seen: string[] = [];
  const wait = (ms: number) => new Promise<void>((resolve) => time.timers.after(ms, resolve));
  const flow = (async () => {
    await wait(10);
    seen.push(`a ${time.timers.now()}`);
    await wait(5);
    seen.push(`b ${time.timers.now()}`);
  })();
  time.timers.after(12, () => seen.push(`c ${time.timers.now()}`));
  const cancelled = time.timers.after(13, () => seen.push('never'));
  cancelled.cancel();

  assert.equal(time.next, 10);
  await time.advance(14);
  assert.deepEqual(seen, ['a 10', 'c 12']);
  await time.advance(1);
  await flow;
  assert.deepEqual(seen, ['a 10', 'c 12', 'b 15']);
  assert.equal(time.waiting, 0);
  assert.equal(time.clock.now().toISOString(), '2026-05-01T12:00:00.015Z');
});

test('a jump of the clock moves no timer', async () => {
  const time = fakeTime();
  let ran = false;
  time.timers.after(1000, () => {
    ran = true;
  });
  time.setClock('2036-01-01T00:00:00Z');
  await time.advance(999);
  assert.equal(ran, false);
  assert.equal(time.clock.now().toISOString(), '2036-01-01T00:00:00.999Z');
  await time.runOut();
  assert.equal(ran, true);
});
