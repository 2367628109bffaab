import assert from 'node:assert/strict';
import { chmodSync, cpSync, existsSync, globSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { type Call, type Outcome, Project } from './project.ts';

export const vectors = join(import.meta.dirname, '../../../../shared/vectors');

export interface Run {
  tool: string;
  label?: string;
  argv: string[];
  clock: string;
  stdin: string | null;
  rc: number;
  stdout?: string;
  stderr?: string;
  files_written: string[];
}

/** Where our program does better than the old one, and why. What it does not name has to be the same. */
export interface Deviation {
  because: string;
  status?: number;
  /** Lines that ours writes and the old one did not; each has to be there. */
  more?: RegExp[];
  /** Lines of the old one that ours has not. */
  less?: RegExp[];
  /** Standard output and error are others altogether; ours has this in it. */
  instead?: RegExp;
}

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');

function compareText(
  name: string,
  ours: string,
  theirs: string,
  deviation: Deviation | undefined,
  rest: Set<RegExp>,
): void {
  const isMore = (line: string) => {
    const found = deviation?.more?.find((pattern) => pattern.test(line));
    if (found) rest.delete(found);
    return found !== undefined;
  };
  const isLess = (line: string) => {
    const found = deviation?.less?.find((pattern) => pattern.test(line));
    if (found) rest.delete(found);
    return found !== undefined;
  };
  const [mine, old] = [lines(ours).filter((line) => !isMore(line)), lines(theirs).filter((line) => !isLess(line))];
  assert.deepEqual(mine, old, name);
}

function compareOutcome(run: Run, ours: Outcome, deviation: Deviation | undefined): void {
  const shown = `${ours.stdout}${ours.stderr}`;
  assert.equal(ours.status, deviation?.status ?? run.rc, shown);
  assert.doesNotMatch(shown, /\n\s+at .*:\d+:\d+|should not/, 'no stack');
  if (deviation?.instead) {
    assert.match(shown, deviation.instead);
    return;
  }
  const [out, err] = [run.stdout ?? '', run.stderr ?? ''];
  // Where the old one fell over, ours has a sentence.
  if (err.includes('<python traceback>') && !deviation) {
    assert.match(lines(ours.stderr).at(-1) ?? '', /^\[CRITICAL\] .* - \S.+/);
    return;
  }
  if (ours.status === 2) {
    assert.equal(lines(ours.stderr).at(-1), lines(err).at(-1));
    return;
  }
  if (/2\.6\.2/.test(run.tool)) {
    // jsonschema prints the whole schema after its sentence. Our remedies are on standard error, which was unused.
    const upToError = (text: string) =>
      text
        .split('\n')
        .slice(0, Math.max(text.split('\n').findIndex((line) => / ERROR /.test(line)) + 1, 0) || undefined)
        .join('\n');
    const rest = new Set([...(deviation?.more ?? []), ...(deviation?.less ?? [])]);
    compareText('standard output', upToError(ours.stdout), upToError(out), deviation, rest);
    if (ours.status === 0) assert.equal(ours.stderr, err);
    assert.deepEqual([...rest], [], 'lines that a deviation names and that are not there');
    return;
  }
  const rest = new Set([...(deviation?.more ?? []), ...(deviation?.less ?? [])]);
  compareText('standard output', ours.stdout, out, deviation, rest);
  compareText('standard error', ours.stderr, err, deviation, rest);
  assert.deepEqual([...rest], [], 'lines that a deviation names and that are not there');
}

export interface Replay {
  group: string;
  only?: (name: string) => boolean;
  /** Which calls of the case are ours to make; the others are passed over. */
  concerns?: (run: Run) => boolean;
  deviations: Readonly<Record<string, Deviation>>;
  program?: Call['program'];
  /** Looks at a file that a call wrote, ours beside the old one. */
  compareFile: (ours: Buffer, theirs: Buffer, file: string, project: Project, run: Run) => void;
  /** What was done between the calls, by case and number of the call that it was done for. */
  prepare?: Readonly<Record<string, (project: Project) => void>>;
  /** Files that are compared by nothing. */
  uncompared?: RegExp;
  programs?: Readonly<Record<string, Call['program']>>;
}

/** What was put in place beside `in/`: files in `out/` that no call wrote. */
function placeFiles(folder: string, project: Project, runs: readonly Run[]): void {
  const written = new Set(runs.flatMap((run) => run.files_written));
  if (existsSync(join(folder, 'in'))) cpSync(join(folder, 'in'), project.root, { recursive: true });
  for (const file of globSync(['**/*', '.*', '.*/**'], { cwd: join(folder, 'out'), withFileTypes: true })) {
    if (!file.isFile()) continue;
    const name = join(file.parentPath, file.name).slice(join(folder, 'out').length + 1);
    if (written.has(name)) continue;
    mkdirSync(dirname(project.at(name)), { recursive: true });
    cpSync(join(folder, 'out', name), project.at(name));
  }
}

/** The vectors have lost the modes of files. */
function makeExecutable(project: Project): void {
  for (const file of project.files()) if (file.endsWith('.sh')) chmodSync(project.at(file), 0o755);
}

async function replayCase(t: TestContext, replay: Replay, name: string, compared: Set<string>): Promise<void> {
  const folder = join(vectors, replay.group, name);
  const { runs } = JSON.parse(readFileSync(join(folder, 'case.json'), 'utf8')) as { runs: Run[] };
  const project = new Project(t);
  placeFiles(folder, project, runs);
  makeExecutable(project);
  const lastWriter = new Map(runs.flatMap((run, index) => run.files_written.map((file) => [file, index] as const)));
  for (const [index, run] of runs.entries()) {
    if (replay.concerns && !replay.concerns(run)) {
      for (const file of run.files_written) {
        if (existsSync(join(folder, 'out', file))) cpSync(join(folder, 'out', file), project.at(file));
      }
      continue;
    }
    const key = `${name} ${index}`;
    const deviation = replay.deviations[key];
    compared.add(key);
    await t.test(`call ${index}: ${run.argv.join(' ')}${run.label ? ` (${run.label})` : ''}`, async () => {
      replay.prepare?.[key]?.(project);
      const before = project.snapshot();
      const program = replay.programs?.[run.argv[0] as string];
      const ours = await project.run(run.argv.slice(1), {
        time: `${run.clock.replace(' ', 'T')}Z`,
        stdin: run.stdin ?? '',
        ...(program ? { program } : {}),
      });
      compareOutcome(run, ours, deviation);
      if (ours.status !== 0) assert.deepEqual(project.snapshot(), before, 'a refusal changes nothing');
      for (const file of run.files_written) {
        const theirs = join(folder, 'out', file);
        if (lastWriter.get(file) !== index || !existsSync(theirs) || replay.uncompared?.test(file)) continue;
        if (ours.status === 0 && readFileSync(theirs).length > 0)
          replay.compareFile(project.bytes(file), readFileSync(theirs), file, project, run);
        // What comes next reads the old file, so that every byte of its output can be compared.
        if (readFileSync(theirs).length > 0) cpSync(theirs, project.at(file));
      }
    });
  }
}

/** Makes every call of a group of golden vectors with our program and compares. */
export function replayGroup(title: string, replay: Replay): void {
  const folder = join(vectors, replay.group);
  if (!existsSync(folder)) {
    test(title, (t) => t.skip(`NOT RUN: there is no folder ${folder}`));
    return;
  }
  describe(title, () => {
    const compared = new Set<string>();
    for (const file of globSync('*/case.json', { cwd: folder }).sort()) {
      const name = dirname(file);
      if (replay.only && !replay.only(name)) continue;
      test(name, (t) => replayCase(t, replay, name, compared));
    }
    test('every named deviation belongs to a call', () => {
      assert.deepEqual(
        Object.keys(replay.deviations).filter((key) => !compared.has(key)),
        [],
      );
    });
  });
}
