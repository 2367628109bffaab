// `npm test` and `npm run test:interop`: finds the test files itself, so that a folder that holds none is noticed, and
// gives every file a process of its own that cannot outlive its limit.
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { endRunning, type FileResult, type Limits, runTestFile } from './testing/file-run.ts';

const root = dirname(import.meta.dirname);
const [first, ...rest] = process.argv.slice(2);
const interop = first === '--interop';
const wanted = interop ? rest : process.argv.slice(2);

const patterns = interop ? ['packages/*/interop/**/*.test.ts'] : ['test/**/*.test.ts', 'packages/*/test/**/*.test.ts'];
const files = patterns
  .flatMap((pattern) => globSync(pattern, { cwd: root }))
  .filter((file) => wanted.length === 0 || wanted.some((word) => file.includes(word)))
  .sort();

if (files.length === 0) {
  process.stderr.write(`No test file matches ${wanted.join(' ') || patterns.join(' ')}.\n`);
  process.exit(1);
}

// Interop tests share ports, packages and installed peers: one file after the other.
const concurrency = interop ? 1 : Math.max(2, availableParallelism());
const minutes = 60_000;
const env = {
  ...process.env,
  // What a registry needs is no part of what is tested; interop tests install from registries.
  ...(interop ? {} : { NODE_EXTRA_CA_CERTS: undefined }),
  // Every file is a process that loads much of the same: a third to a half of its time.
  NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/mooring-tests'),
};
const limits: Limits = interop
  ? { test: 10 * minutes, file: 15 * minutes, idle: 1 * minutes }
  : { test: 3 * minutes, file: 6 * minutes, idle: 0.5 * minutes };

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    endRunning();
    process.exit(1);
  });
}

const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(1)} s`;

function report({ file, status, tests, skipped, duration, output }: FileResult): void {
  const counted = `${tests} tests${skipped > 0 ? `, ${skipped} skipped` : ''}, ${seconds(duration)}`;
  process.stdout.write(`${status === 'passed' ? '✔' : '✖'} ${file} (${counted})\n`);
  // What was not tested here is said aloud even if all that was tested passed.
  const loud = output.split('\n').filter((line) => /NOT TESTED|^left running/.test(line));
  if (status === 'passed') process.stdout.write(loud.map((line) => `  ${line.trim()}\n`).join(''));
  else process.stdout.write(`${output.trimEnd()}\n\n`);
}

const started = performance.now();
const waiting = [...files];
const results: FileResult[] = [];
async function work(): Promise<void> {
  for (let file = waiting.shift(); file; file = waiting.shift()) {
    if (interop) process.stdout.write(`▶ ${file}\n`);
    const result = await runTestFile(root, file, limits, env);
    results.push(result);
    report(result);
  }
}
await Promise.all(Array.from({ length: concurrency }, work));

const bad = results.filter(({ status }) => status !== 'passed');
const sum = (what: 'tests' | 'failed' | 'skipped') => results.reduce((total, result) => total + result[what], 0);
const slowest = results.toSorted((a, b) => b.duration - a.duration).slice(0, 5);
process.stdout.write(
  [
    `\nslowest: ${slowest.map(({ file, duration }) => `${file} ${seconds(duration)}`).join(', ')}`,
    `${files.length} files, ${sum('tests')} tests, ${sum('failed')} failed, ${sum('skipped')} skipped, ${seconds(performance.now() - started)}`,
    ...bad.map(({ file, status }) => `✖ ${file}: ${status}`),
    '',
  ].join('\n'),
);
process.exitCode = bad.length === 0 ? 0 : 1;
