import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { sameManifest } from '../test/compare-manifests.ts';
import { Project } from '../test/project.ts';
import { manifestIn, options } from './inputs-1.x.ts';
import { peer1x } from './peer-1.x.ts';
import { RealTool } from './real-tool.ts';

type Input = Readonly<Record<string, unknown>>;

/**
 * Declares the test that a real tool of the first line and ours make one manifest of each input, and that each reads and
 * verifies what the other has made.
 *
 * @param forOurs what the input is for our tool, where that differs
 */
export function sameBothWays(
  release: '1.4.8' | '1.5.2',
  inputs: fc.Arbitrary<object>,
  forOurs: (input: Input) => Input = (input) => input,
): void {
  const peer = peer1x(release);
  const real = typeof peer === 'string' ? undefined : new RealTool(peer, 'manifesttool.clidriver.main');
  after(() => real?.close());

  test(`200 manifests of ours and of ${release} are the same, and each reads and verifies the other’s`, {
    skip: typeof peer === 'string' && peer,
  }, async (t) => {
    const project = new Project(t);
    project.writeIdentity('update');
    for (const [name, content] of Object.entries({ 'fw.bin': 'firmware', 'old.bin': 'old', 'new.bin': 'new one' })) {
      project.write(name, content);
    }
    const tool = real as RealTool;
    await project.run(['init', '-d', 'arm.com', '-m', 'dev-device', '-q', '-c', 'update.der', '-k', 'update.key.pem']);
    const time = '2026-06-01T00:00:00Z';
    await fc.assert(
      fc.asyncProperty(inputs, options, async (values, { argv, form }) => {
        project.write('in.json', JSON.stringify(values));
        project.write('our-in.json', JSON.stringify(forOurs(values as Input)));
        const create = ['create', '-p', 'fw.bin', ...argv];
        const mine = await project.run([...create, '-i', 'our-in.json', '-o', 'mine']);
        const theirs = await tool.run(project.root, [...create, '-i', 'in.json', '-o', 'theirs']);
        assert.deepEqual([mine.status, theirs.status], [0, 0], `${mine.stderr}${theirs.stderr}`);
        for (const file of ['mine', 'theirs']) project.write(file, manifestIn(project.bytes(file), form));
        sameManifest(project.bytes('mine'), project.bytes('theirs'));
        const { vendorId, classId } = values as { vendorId?: string; classId?: string };
        const own = [...(vendorId ? ['-V', vendorId] : []), ...(classId ? ['-C', classId] : [])];
        const parsed = await tool.run(project.root, ['parse', '-i', 'mine']);
        assert.equal((await project.run(['parse', '-i', 'mine'])).stdout, parsed.stdout.toString());
        for (const { status, stderr } of [
          await tool.run(project.root, ['verify', '-i', 'mine', ...own]),
          await project.run(['parse', '-i', 'theirs']),
          await project.run(['verify', '-i', 'theirs', ...own], { time }),
        ]) {
          assert.equal(status, 0, stderr);
        }
      }),
      { numRuns: 200 },
    );
  });
}
