import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { GrowingList } from '../src/discovery/growing-list.ts';
import { device, world } from './world.ts';

const found = (name: string, ...addresses: string[]) => ({
  name,
  port: 22,
  address: addresses[0] as string,
  addresses,
});

test('what has a number keeps it, while others come and it becomes better known', () => {
  const list = new GrowingList();
  assert.deepEqual(list.update([found('os-2', '192.0.2.2')]), ['1: os-2: 192.0.2.2']);
  const better = found('os-2', 'fe80::2%eth0', '192.0.2.2');
  assert.deepEqual(list.update([found('os-1', '192.0.2.1'), better]), ['2: os-1: 192.0.2.1']);
  assert.deepEqual(list.update([found('os-2', '192.0.2.9')]), ['3: os-2: 192.0.2.9'], 'another of the same name');
  assert.deepEqual(
    list.devices.map(({ address }) => address),
    ['fe80::2%eth0', '192.0.2.1', '192.0.2.9'],
  );
});

test('list on a terminal grows until Enter is pressed', async (t) => {
  const { runOnTerminal } = await world(t);
  const first = await device(t, { mdns: true });
  const { status, stdout } = await runOnTerminal(['list'], async (terminal) => {
    await terminal.shows(new RegExp(`\\d: ${first.hostname}: `));
    const late = await device(t, { mdns: true });
    await terminal.shows(new RegExp(`\\d: ${late.hostname}: `));
    terminal.type('\r');
  });
  assert.equal(status, 0);
  assert.match(stdout, /Press Enter to end the search\. /);
  const numbers = [...stdout.matchAll(/(?:^|\u001b\[K)(\d+): /gm)].map(([, number]) => Number(number));
  assert.deepEqual(
    numbers,
    numbers.map((_, index) => index + 1),
  );
});

test('select on a terminal takes the number while the list still grows; what was typed stays below it', async (t) => {
  const { runOnTerminal, home } = await world(t);
  await device(t, { mdns: true });
  const { status, stdout, stderr } = await runOnTerminal(['select'], async (terminal) => {
    await terminal.shows('Select a device from the list: ');
    terminal.type('7');
    await terminal.shows('Select a device from the list: 7');
    const late = await device(t, { mdns: true });
    await terminal.shows(new RegExp(`\\d: ${late.hostname}[^]*Select a device from the list: 7`));
    terminal.type('\u007f1\r');
  });
  assert.deepEqual([status, stderr], [0, '']);
  const chosen = JSON.parse(await readFile(join(home, '.mbl-dev.json'), 'utf8'));
  assert.match(stdout, new RegExp(`1: ${chosen.hostname}: `));
});

test('Ctrl-C at the question, and a number that is none', async (t) => {
  const { runOnTerminal } = await world(t);
  await device(t, { mdns: true });
  const ended = await runOnTerminal(['select'], async (terminal) => {
    await terminal.shows('Select a device from the list: ');
    terminal.type('\u0003');
  });
  assert.deepEqual([ended.status, ended.stderr], [255, 'User quit.\n']);
  const wrong = await runOnTerminal(['select'], async (terminal) => {
    await terminal.shows('Select a device from the list: ');
    terminal.type('none\r');
  });
  assert.equal(wrong.status, 255);
  assert.match(wrong.stderr, /^Enter a valid device index as shown in the list\.\n/);
});

test('--timeout away from a terminal is used to the full, and --explain tells what went on', async (t) => {
  const { run, json } = await world(t);
  const made = await device(t, { mdns: true });
  const { status, stdout, stderr } = await run(['list', '--timeout', '2', '--explain']);
  assert.equal(status, 0);
  assert.match(stdout, /^Discovering devices\. This will take up to 2 seconds\.\n/);
  assert.match(stderr, /^lo IPv4 from 127\.0\.0\.1: asked \d+ times, heard \d+ answers?$/m);
  assert.match(stderr, new RegExp(`^ {2}${made.hostname} from \\S+: a device, at .*127\\.0\\.0\\.1`, 'm'));
  const { explanation } = (await json(['list', '--explain'])) as { explanation: { links: { interface: string }[] } };
  assert.ok(explanation.links.some((link) => link.interface === 'lo'));
  for (const wrong of ['0', '-1', '1e9', 'x']) assert.equal((await run(['list', '--timeout', wrong])).status, 2);
});
