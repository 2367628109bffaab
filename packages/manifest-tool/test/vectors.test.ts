import assert from 'node:assert/strict';
import { cpSync, existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { type Certificate, importPrivateKey, matches, parseCertificate } from '@mooring/pki';
import { type Outcome, Project } from './project.ts';

const vectors = join(import.meta.dirname, '../../../../shared/vectors/v1-init');

interface Run {
  label?: string;
  argv: string[];
  clock: string;
  stdin: string | null;
  rc: number;
  stdout?: string;
  stderr?: string;
  answers?: string[];
  terminal_output?: string;
}

interface Deviation {
  because: string;
  status: number;
  /** Lines that our standard error has and the old one has not. */
  more?: RegExp[];
}

/** Where this program does better than 1.4.8, by case and number of the call. */
const deviations: Record<string, Deviation> = {
  '07-cloud-settings 1': {
    because: 'the API key is dropped as before, but not in silence',
    status: 0,
    more: [/^\[WARNING\] .* no longer holds the API key \(-a\)/],
  },
  '08-rerun 1': {
    because: 'a certificate of 90 days that is used again is named with its end',
    status: 0,
    more: [/^\[WARNING\] .* The certificate in \S+ ends on 2019-12-29 10:56:04 UTC, in 90 days\./],
  },
  '08-rerun 2': {
    because: 'settings for another model and the C file of the old one would not fit together',
    status: 1,
  },
  '08-rerun 3': {
    because: 'the old pair is kept, since fielded devices trust it',
    status: 0,
    more: [/^\[INFO\] .* are kept as .*\.old\.key\.pem and .*\.old\.der$/],
  },
  '09-bad-input 14': { because: 'a bad answer is refused, not a usage error of another command', status: 1 },
  '12-certificates 0': { because: 'a PEM certificate is read', status: 0 },
  '12-certificates 2': {
    because: 'an expired certificate is named',
    status: 0,
    more: [/^\[CRITICAL\] .* The certificate in expired\.der expired on /],
  },
  '12-certificates 3': { because: 'devices would refuse every update signed with the key of another pair', status: 1 },
};

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');

function checkMessages(run: Run, ours: Outcome, deviation: Deviation | undefined): void {
  assert.equal(ours.status, deviation?.status ?? run.rc, ours.stderr);
  if (ours.status === 1 && run.rc !== 0) assert.equal(ours.stdout, run.stdout ?? '');
  if (deviation && !deviation.more) return;
  const old = run.stderr ?? '';
  if (ours.status === 2) {
    assert.equal(lines(ours.stderr).at(-1), lines(old).at(-1));
  } else if (old.includes('<python traceback>')) {
    assert.ok(
      lines(ours.stderr).every((line) => line.startsWith('[CRITICAL]')),
      ours.stderr,
    );
  } else {
    const more = deviation?.more ?? [];
    const shared = lines(ours.stderr).filter((line) => !more.some((pattern) => pattern.test(line)));
    assert.deepEqual(shared, lines(old));
    assert.equal(lines(ours.stderr).length - shared.length, more.length, ours.stderr);
    assert.equal(ours.stdout, run.stdout ?? '');
  }
}

const fromFirstIfdef = (source: string): string => source.slice(source.indexOf('#ifdef'));

/** What of a made certificate does not depend on its key. */
function outline({ der, subjectText, issuerText, notBefore, notAfter, extensions }: Certificate) {
  const same = extensions.filter(({ type }) => type !== '2.5.29.14');
  return { subjectText, issuerText, notBefore, notAfter, same, roughSize: Math.round(der.length / 16) };
}

function checkFiles(project: Project, folder: string, names: Record<string, string>): void {
  for (const [ours, theirs] of Object.entries(names)) {
    const expected = readFileSync(join(folder, 'out', theirs), 'utf8');
    const actual = project.text(ours);
    assert.equal(ours.endsWith('.c') ? fromFirstIfdef(actual) : actual, expected, ours);
  }
}

const settings = '.manifest_tool.json';
const resources = 'update_default_resources.c';
const cloud = '.mbed_cloud_config.json';

/** Files to compare after a call, by case and number; ours to the vector's. The C file where the certificate is given. */
const filesAfter: Record<string, Record<string, string>> = {
  '01-interactive-tty 0': { [settings]: settings },
  '02-interactive-piped 0': { [settings]: settings },
  '03-quiet 0': { [settings]: settings },
  ...Object.fromEntries(
    [1, 2, 3, 4, 5, 6].map((n) => [`04-existing-identity-${n} 0`, { [settings]: settings, [resources]: resources }]),
  ),
  '05-uuids 0': { [settings]: settings, [resources]: resources },
  '06-vendor-uuid-and-model 0': { [settings]: settings, [resources]: resources },
  '07-cloud-settings 0': { [cloud]: 'first.mbed_cloud_config.json' },
  '07-cloud-settings 1': { [settings]: settings, [resources]: resources, [cloud]: cloud },
  '08-rerun 0': { [settings]: 'after-1-manifest_tool.json' },
  '08-rerun 1': { [settings]: 'after-2-manifest_tool.json' },
  // Refused here: nothing changes. The old program wrote the settings of the other model.
  '08-rerun 2': { [settings]: 'after-2-manifest_tool.json' },
  '08-rerun 3': { [settings]: 'after-4-manifest_tool.json' },
  '10-psk 0': { [settings]: settings, [resources]: resources },
  '11-signing-tool 4': { [settings]: settings, [resources]: resources },
  // The PEM form gives what the DER form gives.
  '12-certificates 0': { [resources]: resources },
  '12-certificates 1': { [resources]: 'noski.update_default_resources.c' },
};

if (!existsSync(vectors)) {
  test('the golden vectors of manifest-tool 1.4.8', (t) => t.skip(`NOT RUN: there is no folder ${vectors}`));
} else {
  describe('manifest-tool 1.4.8 and this one do the same', () => {
    const compared = new Set<string>();
    for (const file of globSync('*/case.json', { cwd: vectors }).sort()) {
      const name = dirname(file);
      const folder = join(vectors, name);
      const { description, runs } = JSON.parse(readFileSync(join(folder, 'case.json'), 'utf8')) as {
        description: string;
        runs: Run[];
      };
      if (!runs.some((run) => run.argv[1] === 'init')) continue;
      test(`${name}: ${description}`, async (t) => {
        const project = new Project(t);
        if (existsSync(join(folder, 'in'))) cpSync(join(folder, 'in'), project.root, { recursive: true });
        // Put in place between two calls.
        const placed = join(folder, 'out/fail.sh');
        if (existsSync(placed)) cpSync(placed, project.at('fail.sh'));
        for (const [index, run] of runs.entries()) {
          if (run.argv[1] !== 'init') continue;
          const key = `${name} ${index}`;
          const before = project.snapshot();
          const time = `${run.clock.replace(' ', 'T')}Z`;
          const ours = await project.run(run.argv.slice(1), {
            time,
            ...(run.answers ? { answers: run.answers } : { stdin: run.stdin ?? '' }),
          });
          await t.test(`call ${index}: ${run.argv.slice(1).join(' ')}${run.label ? ` (${run.label})` : ''}`, () => {
            if (run.terminal_output !== undefined) assert.equal(ours.screen, run.terminal_output);
            else checkMessages(run, ours, deviations[key]);
            if (ours.status !== 0) assert.deepEqual(project.snapshot(), before, 'a refusal changes nothing');
            checkFiles(project, folder, filesAfter[key] ?? {});
          });
          compared.add(key);
        }
        const theirs = join(folder, 'out/.update-certificates/default.der');
        if (!existsSync(theirs)) return;
        const made = parseCertificate(project.bytes('.update-certificates/default.der'));
        assert.deepEqual(outline(made), outline(parseCertificate(readFileSync(theirs))));
        assert.ok(matches(importPrivateKey(project.bytes('.update-certificates/default.key.pem')), made));
        assert.equal(project.bytes('.update-certificates/default.key.pem').length, 227);
      });
    }
    test('every named deviation and file belongs to a call', () => {
      const unknown = [...Object.keys(deviations), ...Object.keys(filesAfter)].filter((key) => !compared.has(key));
      assert.deepEqual(unknown, []);
    });
  });
}
