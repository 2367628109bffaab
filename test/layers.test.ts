import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

const root = dirname(import.meta.dirname);

/** Who may import whom (docs/architecture.md, Rooms). Everything may import platform, which imports nothing. */
const layers: Record<string, readonly string[]> = {
  'mbl-cli': ['terminal', 'rest', 'credentials', 'pki'],
  'manifest-tool': ['terminal', 'rest', 'manifest', 'credentials', 'pki'],
  service: ['rest', 'lwm2m', 'coap', 'transport', 'manifest', 'payload', 'credentials', 'pki', 'terminal'],
  portal: ['rest'],
  device: ['lwm2m', 'coap', 'transport', 'manifest', 'payload', 'credentials', 'pki', 'terminal'],
  simulator: ['device', 'lwm2m', 'coap', 'transport', 'credentials', 'pki'],
  rest: [],
  lwm2m: ['coap'],
  coap: ['transport'],
  transport: [],
  manifest: ['pki'],
  payload: [],
  credentials: ['pki'],
  pki: [],
  terminal: [],
  platform: [],
};

/** And what one file alone may import: a load test comes with the service, which knows nothing of it otherwise. */
const exceptions: Record<string, readonly string[]> = {
  'packages/service/src/commands/simulate.ts': ['@mooring/simulator/fleet'],
};

const importPatterns = [
  /^\s*(?:import|export)\b[^;'"]*?\bfrom\s+['"]([^'"]+)['"]/gm,
  /^\s*import\s+['"]([^'"]+)['"]/gm,
  /\bimport\(\s*['"]([^'"]+)['"]/g,
];

function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  return importPatterns.flatMap((pattern) => [...text.matchAll(pattern)].map((match) => match[1] as string));
}

test('every package has its place in the layers', () => {
  for (const folder of globSync('packages/*', { cwd: root })) {
    assert.ok(folder.slice('packages/'.length) in layers, `${folder} is not in the table of layers`);
  }
});

test('packages import only what lies below them', () => {
  const wrong: string[] = [];
  for (const file of globSync('packages/*/src/**/*.ts', { cwd: root })) {
    const owner = file.split('/')[1] as string;
    const allowed = new Set(['platform', ...(layers[owner] ?? [])]);
    for (const name of importsOf(file)) {
      const target = /^@mooring\/([^/]+)/.exec(name)?.[1];
      if (exceptions[file]?.includes(name)) continue;
      if (target !== undefined && !allowed.has(target)) wrong.push(`${file} imports ${name}`);
      if (/^(\.\.\/)+packages\//.test(name) || /\/packages\//.test(name)) wrong.push(`${file} reaches into ${name}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('what is imported is declared, and what is declared is imported', () => {
  const wrong: string[] = [];
  for (const manifest of globSync('packages/*/package.json', { cwd: root })) {
    const folder = dirname(manifest);
    const declared = JSON.parse(readFileSync(join(root, manifest), 'utf8')).dependencies as Record<string, string>;
    const used = new Set<string>();
    for (const file of globSync(`${folder}/src/**/*.ts`, { cwd: root })) {
      for (const name of importsOf(file)) {
        if (name.startsWith('.') || name.startsWith('node:')) continue;
        used.add(name.startsWith('@') ? name.split('/').slice(0, 2).join('/') : (name.split('/')[0] as string));
      }
    }
    for (const name of used) if (!(name in declared)) wrong.push(`${manifest} does not declare ${name}`);
    for (const name of Object.keys(declared))
      if (!used.has(name)) wrong.push(`${manifest} declares ${name} for nothing`);
  }
  assert.deepEqual(wrong, []);
});
