// `npm test` and `npm run test:interop`: finds the test files itself, so that a folder that holds none is noticed.
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';

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
const result = spawnSync(process.execPath, ['--test', `--test-concurrency=${concurrency}`, ...files], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, NODE_EXTRA_CA_CERTS: undefined },
});
process.exit(result.status ?? 1);
