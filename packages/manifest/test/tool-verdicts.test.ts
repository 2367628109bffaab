import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type ToolOptions, verifyManifest } from '../src/index.ts';
import { sha256 } from '../src/signing/signer.ts';
import { type Run, vector, vectorCase, vectorsFolder, withoutVectors } from './vectors.ts';

interface Settings {
  vendorId: string;
  classId: string;
  'default-certificates'?: { file: string }[];
}

const bytesOf = (id: string): Uint8Array => Buffer.from(id.replaceAll('-', ''), 'hex');
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

function optionOf(run: Run, option: string): string | undefined {
  const at = run.argv.indexOf(option);
  return at < 0 ? undefined : run.argv[at + 1];
}

/** A file that the case's calls could see. */
function caseFile(group: string, name: string): Uint8Array | undefined {
  const folder = ['out', 'in'].find((one) => existsSync(join(vectorsFolder, group, one, name)));
  return folder === undefined ? undefined : vector(join(group, folder, name));
}

function settingsOf(group: string, run: Run): Partial<Settings> {
  const path = join(vectorsFolder, group, 'out/.manifest_tool.json');
  if (!existsSync(path) || run.label === 'no settings file') return {};
  return JSON.parse(readFileSync(path, 'utf8'));
}

function optionsOf(group: string, run: Run): ToolOptions {
  const settings = settingsOf(group, run);
  const vendorId = optionOf(run, '-V') ?? settings.vendorId;
  const classId = optionOf(run, '-C') ?? settings.classId;
  const folder = optionOf(run, '-d');
  const defaults = (settings['default-certificates'] ?? []).map(({ file }) => caseFile(group, file));
  return {
    ...(vendorId ? { vendorId: bytesOf(vendorId) } : {}),
    ...(classId ? { classId: bytesOf(classId) } : {}),
    now: new Date(`${run.clock.replace(' ', 'T')}Z`),
    findCertificate: (fingerprint) =>
      (folder ? caseFile(group, join(folder, fingerprint)) : undefined) ??
      defaults.find((one) => one && hex(sha256(one)) === fingerprint),
  };
}

/** The lines that `manifesttool.v1.verify` logged, each with its continuation lines, and without the clock. */
function linesOf(stderr: string): string[] {
  const lines: string[] = [];
  for (const line of stderr.split('\n')) {
    if (line.startsWith('<python traceback>')) break;
    const [, level, text] = /^\[([A-Z]+)\] \S+ \S+ - manifesttool\.(?:v1\.)?verify - (.*)$/.exec(line) ?? [];
    if (level) lines.push(`${level.toLowerCase()}: ${text}`);
    else if (line !== '' && lines.length > 0) lines.push(`${lines.pop()}\n${line}`);
  }
  return lines;
}

/** Places where the old tool dies of a stack trace, and ours refuses, sooner or later, with a sentence. */
const traceback = (run: Run) => run.stderr.includes('<python traceback>');

const groups = withoutVectors
  ? []
  : [
      'v1-negative/all',
      'v1-init/10-psk',
      ...['01-url-and-file', '02-no-url', '03-fixed-nonce-timestamp', '04-many-fields', '05-hash-and-size'].map(
        (name) => `v1-create/${name}`,
      ),
      ...['06-aliases-dependencies', '07-vendor-class-from-json', '08-mode-none-none', '09-mode-bogus'].map(
        (name) => `v1-create/${name}`,
      ),
      ...['10-long-uri', '11-no-config', '12-no-certificate', '13-device-id-only', '14-empty-and-tiny'].map(
        (name) => `v1-create/${name}`,
      ),
      'v1-create/15-timestamp-large',
      'v1-create/17-second-signature',
      'v2-create-v1/05-interop-1.4.8',
    ];

test('what `verify` of 1.4.8 said, line by line', { skip: withoutVectors }, async (t) => {
  for (const group of groups) {
    for (const run of vectorCase(group).runs) {
      const file = optionOf(run, '-i');
      if (run.argv[1] !== 'verify' || !file || !run.tool.includes('1.4.8')) continue;
      await t.test(`${group}: ${run.label ?? run.argv.slice(1).join(' ')}`, () => {
        const bytes = caseFile(group, file);
        assert.ok(bytes);
        const verdict = verifyManifest(bytes, { mode: 'tool', ...optionsOf(group, run) });
        assert.equal(verdict.ok, run.rc === 0, JSON.stringify(verdict.checks));
        if (traceback(run)) return;
        const expected = linesOf(run.stderr).map((line) =>
          // Where the input is not even a SEQUENCE, the old tool has another sentence; the command knows it.
          line.replace('input file is not a manifest.', 'No recognized manifest format found.'),
        );
        // Ours tells the longer length form from an unknown format.
        if (run.argv.includes('long-form-length.manifest')) return;
        assert.deepEqual(
          verdict.checks.map(({ level, detail }) => `${level}: ${detail}`),
          expected,
        );
      });
    }
  }
});
