import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { runTestFile } from '../tools/testing/file-run.ts';

const root = dirname(import.meta.dirname);
const limits = { test: 60_000, file: 120_000, idle: 30_000 };

function run(t: TestContext, body: string, changed: Partial<typeof limits> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-testing-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'some.test.mjs');
  writeFileSync(file, `import { test } from 'node:test';\n${body}\n`);
  return runTestFile(root, file, { ...limits, ...changed });
}

test('tests are counted', async (t) => {
  const result = await run(t, `test('one', () => {}); test('two', { skip: 'not here' }, () => {});`);
  assert.deepEqual([result.status, result.tests, result.failed, result.skipped], ['passed', 2, 0, 1]);
});

test('a failure is told in full', async (t) => {
  const result = await run(t, `test('one', () => { throw new Error('the reason'); });`);
  assert.deepEqual([result.status, result.failed], ['failed', 1]);
  assert.match(result.output, /the reason/);
});

test('a test that waits for ever fails', async (t) => {
  const result = await run(t, `test('one', () => new Promise(() => setInterval(() => {}, 1000)));`, {
    test: 200,
    idle: 200,
  });
  assert.equal(result.status, 'failed');
  assert.match(result.output, /one: test timed out after 200ms/);
});

test('a file that left something open fails, and says what', async (t) => {
  const body = `import { createServer } from 'node:net'; test('one', () => void createServer().listen(0));`;
  const result = await run(t, body, { idle: 200 });
  assert.equal(result.status, 'failed');
  assert.match(result.output, /open are: .*TCPServerWrap/);
});

test('a file that does nothing more is ended', async (t) => {
  const result = await run(t, `test('one', () => { for (;;); });`, { file: 1_500 });
  assert.equal(result.status, 'hung');
  assert.match(result.output, /The file was ended/);
});

test('what a file left running is ended and named', { skip: process.platform !== 'linux' }, async (t) => {
  const result = await run(
    t,
    `import { spawn } from 'node:child_process';
     test('one', () => { spawn('sleep', ['1234.5'], { detached: true, stdio: 'inherit' }).unref(); });`,
  );
  assert.equal(result.status, 'passed');
  assert.match(result.output, /left running, ended now: sleep 1234\.5/);
});
