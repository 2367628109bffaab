import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { connect, device, exec } from './client.ts';

const day = 86_400_000;
const preload = new URL('../src/device/skewed-clock.ts', import.meta.url).href;

test('a program of the device sees the skewed clock in every way to ask for the time', () => {
  const script = 'console.log(JSON.stringify([Date.now(), new Date().getTime(), Date.parse(Date()), +new Date(5)]))';
  const output = execFileSync(process.execPath, ['--import', preload, '--eval', script], {
    env: { ...process.env, MOORING_SIMULATED_CLOCK_OFFSET: String(-1000 * day) },
    encoding: 'utf8',
  });
  const [now, made, called, given] = JSON.parse(output) as number[];
  const expected = Date.now() - 1000 * day;
  for (const time of [now, made, called]) assert.ok(Math.abs((time as number) - expected) < day, output);
  assert.equal(given, 5);
});

test('the commands of the device see it as well', async (t) => {
  const target = await device(t, { faults: { clockOffset: -Date.now() } });
  assert.match((await exec(await connect(t, target), 'date -u +%Y')).stdout, /^(1969|1970)\n$/);
});
