// `npm run check`: everything that must hold before a change lands, quickest first.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';

const root = dirname(import.meta.dirname);
const steps: [name: string, file: string, args: string[]][] = [
  ['types', join(root, 'node_modules/typescript/bin/tsc'), ['--noEmit']],
  // Boards have the Node of their distribution, which lacks what Node 24 has.
  [
    'types, on the Node of a board',
    join(root, 'node_modules/typescript/bin/tsc'),
    ['--noEmit', '-p', 'packaging/device'],
  ],
  ['lint and format', join(root, 'node_modules/@biomejs/biome/bin/biome'), ['check', '--error-on-warnings', '.']],
  ['generated docs', join(root, 'tools/docs.ts'), ['--check']],
  ['tests', join(root, 'tools/test.ts'), []],
];

const wanted = process.argv.includes('--no-tests') ? steps.filter(([name]) => name !== 'tests') : steps;
for (const [name, file, args] of wanted) {
  process.stdout.write(`\n— ${name}\n`);
  const result = spawnSync(process.execPath, [file, ...args], { cwd: root, stdio: 'inherit' });
  if (result.status !== 0) {
    process.stderr.write(`\n${name}: not in order, see above.\n`);
    process.exit(result.status ?? 1);
  }
}
process.stdout.write('\nTypes, lint, layers, docs and tests are in order.\n');
