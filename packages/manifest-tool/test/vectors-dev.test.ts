import assert from 'node:assert/strict';
import { parseCSource } from '@mooring/credentials';
import { parseCertificate } from '@mooring/pki';
import { type Io, runProgram } from '@mooring/terminal';
import { program } from '../src/dev-tool/program.ts';
import { sameManifest } from './compare-manifests.ts';
import { replayGroup } from './replay.ts';

const variables = (source: Buffer) =>
  parseCSource(source.toString('utf8'), 'update_default_resources.c').map(({ name, value }) => [
    name,
    Buffer.from(value).toString('hex'),
  ]);

/** All but the comments, whose words are ours. */
const code = (source: Buffer): string =>
  source
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('//'))
    .join('\n');

function compare(ours: Buffer, theirs: Buffer, file: string, isGiven: boolean): void {
  if (file.endsWith('README.txt')) return;
  if (file.endsWith('.manifest')) {
    sameManifest(ours, theirs);
  } else if (isGiven) {
    assert.equal(
      file.endsWith('.c') ? code(ours) : ours.toString('latin1'),
      file.endsWith('.c') ? code(theirs) : theirs.toString('latin1'),
      file,
    );
  } else if (file.endsWith('.c')) {
    const names = (source: Buffer) => variables(source).map(([name]) => name);
    assert.deepEqual(names(ours), names(theirs));
  } else if (file.endsWith('.der')) {
    const [mine, old] = [parseCertificate(ours), parseCertificate(theirs)];
    assert.deepEqual([mine.subjectText, mine.notAfter], [old.subjectText, old.notAfter]);
  } else if (file.endsWith('cfg.yaml')) {
    const outline = (text: Buffer) => text.toString('utf8').replace(/'?[0-9a-f]{32}'?/g, 'ID');
    assert.equal(outline(ours), outline(theirs));
  }
}

replayGroup('v2-dev: manifest-dev-tool of 2.6.2', {
  group: 'v2-dev',
  programs: { 'manifest-dev-tool': (argv: readonly string[], io: Io) => runProgram(program, argv, io) },
  // `update` talks to the service.
  concerns: (run) => run.argv[1] !== 'update',
  compareFile: (ours, theirs, file, _project, run) =>
    compare(ours, theirs, file, run.argv.includes('--key') || run.argv[1] !== 'init'),
  deviations: {},
});
