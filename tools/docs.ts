// `npm run docs` writes the reference pages from the code; `--check` fails when a page differs from it.
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pages } from './reference-pages.ts';

const root = dirname(import.meta.dirname);
const folder = join(root, 'docs/reference');
const check = process.argv.includes('--check');
const made = await pages();
const wrong: string[] = [];

for (const [name, text] of made) {
  const file = join(folder, name);
  const current = existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  if (current === text) continue;
  if (check) {
    wrong.push(`docs/reference/${name} ${current === undefined ? 'is missing' : 'differs from the code'}`);
  } else {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    process.stdout.write(`wrote docs/reference/${name}\n`);
  }
}
for (const name of globSync('**/*.md', { cwd: folder })) {
  if (!made.has(name)) wrong.push(`docs/reference/${name} is made by nothing`);
}
if (wrong.length > 0) {
  process.stderr.write(`${wrong.join('\n')}\nRun \`npm run docs\` and commit the result.\n`);
  process.exit(1);
}
