import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from './bench.ts';

const program = fileURLToPath(new URL('../src/quickstart/main.ts', import.meta.url));

interface Running {
  child: ChildProcess;
  /** All output so far. */
  text(): string;
  /** The first match of a pattern in the output, now or when it comes. */
  shows(pattern: RegExp): Promise<RegExpExecArray>;
  /** Exit status, or the signal that ended it. */
  ended: Promise<number | string>;
}

/** A quick start in a home folder of its own that stays empty. */
async function quickStart(t: TestContext, ...words: string[]): Promise<Running & { home: string }> {
  const home = await temporaryFolder(t);
  const child = spawn(process.execPath, [program, ...words], { env: { ...process.env, HOME: home }, stdio: 'pipe' });
  t.after(() => child.kill('SIGKILL'));
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string);
  const shows = async (pattern: RegExp): Promise<RegExpExecArray> => {
    for (;;) {
      const found = pattern.exec(text);
      if (found) return found;
      const more = await Promise.race([once(child.stdout, 'data'), ended]);
      if (!Array.isArray(more) && !pattern.test(text))
        assert.fail(`ended with ${more} and never showed ${pattern}:\n${text}`);
    }
  };
  return { child, home, text: () => text, shows, ended };
}

const folderIn = (text: string) => /cd (\S+\.quickstart\S+)\/project/.exec(text)?.[1] as string;

const pidsIn = (text: string) => [...text.matchAll(/\(process (\d+)\)/g)].map((found) => Number(found[1]));

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('two at once: every step verified, exit status 0, nothing left and nothing in HOME', async (t) => {
  const both = await Promise.all([quickStart(t, '--once'), quickStart(t, '--once')]);
  for (const { ended, text, home } of both) {
    assert.equal(await ended, 0, text());
    const wanted = [
      /^\$ mooring api-key create quickstart /m,
      /^\$ manifest-tool init -d example\.com /m,
      /^\$ mbl-cli list$/m,
      /^Discovering devices\. This will take up to 30 seconds\.$/m,
      /^Select a device from the list: [1-9]\d*$/m,
      /^\$ mbl-cli save-api-key --key-stdin --service https:\/\/127\.0\.0\.1:\d+ --ca-fingerprint [0-9a-f]{64} < api-key$/m,
      /^\$ mbl-cli provision-pelion \S+ \S+ -c -p update_default_resources\.c$/m,
      /^Provisioning process completed without error\.$/m,
      /^Device is configured correctly\. You can connect to Pelion Cloud!$/m,
      /^ {2}\[ok\] mbed\.BootstrapDevicePrivateKey: 138 bytes, equals /m,
      /^ {2}\[ok\] mbed\.UpdateAuthCert: /m,
      /^\$ manifest-tool update device -p release-1\.swu -D [0-9a-f]{32} /m,
      /^ {2}\[ok\] the device runs release 1$/m,
      /^The service says: .*the image is not what the manifest says\.$/m,
      /^ {2}\[ok\] the device refused the image, and runs release 1 still$/m,
      /The update failed on the device: .*the certificate of the manifest is not on the device\.$/m,
      /^ {2}\[ok\] the device refused the manifest, and runs release 1 still$/m,
    ];
    for (const pattern of wanted) assert.match(text(), pattern);
    // Provisioning stores 15 items.
    assert.equal(text().match(/^ {2}\[ok\] mbed\./gm)?.length, 15);
    assert.doesNotMatch(text(), /ak_[A-Za-z0-9]/, 'the API key is not shown');
    assert.equal(existsSync(folderIn(text())), false);
    assert.deepEqual(await readdir(home), []);
    assert.deepEqual(pidsIn(text()).map(isAlive), [false, false]);
  }
  assert.notEqual(folderIn(both[0].text()), folderIn(both[1].text()));
});

test('without --once it stays until Ctrl-C, then ends the service and the device', async (t) => {
  const running = await quickStart(t);
  await running.shows(/mbl-cli put/);
  const pids = pidsIn(running.text());
  assert.deepEqual(pids.map(isAlive), [true, true]);
  running.child.kill('SIGINT');
  assert.equal(await running.ended, 0);
  assert.deepEqual(pids.map(isAlive), [false, false]);
  assert.ok(existsSync(folderIn(running.text())));
  await rm(folderIn(running.text()), { recursive: true });
});

test('Ctrl-C in the middle, and being killed, leave no programs behind', async (t) => {
  for (const [signal, status] of [
    ['SIGINT', 130],
    ['SIGKILL', 'SIGKILL'],
  ] as const) {
    const running = await quickStart(t, '--once');
    await running.shows(/manifest-tool init/);
    const pids = pidsIn(running.text());
    running.child.kill(signal);
    assert.equal(await running.ended, status);
    while (pids.some(isAlive)) await pause(20);
    await rm(folderIn(running.text()), { recursive: true });
  }
});

test('a device that dies: the failure is named, the folder with the logs stays, exit status 1', async (t) => {
  const running = await quickStart(t, '--once');
  await running.shows(/1\. An API key/);
  const [service, device] = pidsIn(running.text()) as [number, number];
  process.kill(device, 'SIGKILL');
  assert.equal(await running.ended, 1);
  assert.match(running.text(), /^\[failed\] The virtual device ended by itself: ended by SIGKILL\.$/m);
  assert.equal(isAlive(service), false);
  const folder = folderIn(running.text());
  assert.deepEqual(await readdir(`${folder}/logs`), ['device.log', 'service.log']);
  await rm(folder, { recursive: true });
});

test('wrong usage and help', async (t) => {
  const wrong = await quickStart(t, '--nosuch');
  assert.equal(await wrong.ended, 2);
  const help = await quickStart(t, '--help');
  assert.equal(await help.ended, 0);
  assert.match(help.text(), /--once/);
});
