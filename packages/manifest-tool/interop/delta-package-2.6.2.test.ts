// Deltas of ours are those of the real 2.6.2, byte for byte; packages of either are read by both.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { applyDelta } from '@mooring/manifest';
import { type Io, runProgram } from '@mooring/terminal';
import fc from 'fast-check';
import { pythonPeer } from '../../../test/peers/python.ts';
import { twoImages } from '../../manifest/test/delta/images.ts';
import { program as deltaTool, withCommand } from '../src/delta-tool/program.ts';
import { program as packageTool } from '../src/package-tool/program.ts';
import { Project } from '../test/project.ts';
import { RealTool } from './real-tool.ts';

const peer = pythonPeer({ name: 'manifest-tool-2.6.2', install: [['manifest-tool==2.6.2']] });
const real = (module: string) =>
  typeof peer === 'string' ? undefined : new RealTool(peer, `manifesttool.${module}.entry_point`);
const realDelta = real('delta_tool.delta_tool');
const realPackage = real('package_tool.package_tool');
after(() => {
  realDelta?.close();
  realPackage?.close();
});
const skip = typeof peer === 'string' && peer;
const withoutTimes = (text: string) => text.replaceAll(/^[-\d]+ [:\d]+,\d+ /gm, '');

test('300 deltas of generated images', { skip }, async (t) => {
  const project = new Project(t);
  const blockSize = fc.oneof(fc.integer({ min: 128, max: 1200 }), fc.constantFrom(128, 512, 4096, 70_000));
  await fc.assert(
    fc.asyncProperty(twoImages, blockSize, async ({ old, image }, size) => {
      project.write('old.bin', Buffer.concat([old, Buffer.from('PELION/BSDIFF001')]));
      project.write('new.bin', image);
      const argv = ['-c', 'old.bin', '-n', 'new.bin', '-b', String(size), '--skip-size-check', '-o'];
      const theirs = await realDelta?.run(project.root, [...argv, 'd.bin']);
      const [delta, configuration] = [project.bytes('d.bin'), project.bytes('d.yaml')];
      const ours = await project.run([...argv, 'd.bin'], {
        program: (words: readonly string[], io: Io) => runProgram(deltaTool, withCommand(words), io),
      });
      assert.equal(ours.status, theirs?.status);
      assert.deepEqual(project.bytes('d.bin'), delta);
      assert.deepEqual(project.bytes('d.yaml'), configuration);
      assert.deepEqual(Buffer.from(applyDelta(project.bytes('old.bin'), delta)), Buffer.from(image));
    }),
    { numRuns: 300 },
  );
});

test('100 generated packages of either, read by both', { skip }, async (t) => {
  const project = new Project(t);
  const images = fc
    .uniqueArray(fc.stringMatching(/^[0-9a-zA-Z.-]{1,8}$/), { minLength: 2, maxLength: 4 })
    .chain((names) =>
      fc.tuple(
        ...names.map((name) =>
          fc.record({
            name: fc.constant(name),
            vendorData: fc.stringMatching(/^[\u0020-\u007eäöüß'"\\]{1,30}$/),
            data: fc.uint8Array({ maxLength: 2000 }),
          }),
        ),
      ),
    );
  const alignment = fc.constantFrom([], ['-a', '4'], ['-a', '4096'], ['-a', '7']);
  const ours = (argv: readonly string[]) =>
    project.run(argv, { program: (words: readonly string[], io: Io) => runProgram(packageTool, words, io) });
  await fc.assert(
    fc.asyncProperty(images, alignment, async (list, more) => {
      for (const [index, { data }] of list.entries()) project.write(`${index}.bin`, data);
      const configured = list.map(({ name, vendorData }, index) => ({
        file_name: `${index}.bin`,
        sub_comp_name: name,
        vendor_data: vendorData,
      }));
      project.write('c.json', JSON.stringify({ images: configured }));
      const create = ['create', '-c', 'c.json', ...more, '-o'];
      assert.equal((await ours([...create, 'p.tar'])).status, 0);
      const ofOurs = await realPackage?.run(project.root, ['parse', '-p', 'p.tar']);
      assert.equal(ofOurs?.status, 0, String(ofOurs?.stdout));
      assert.equal((await realPackage?.run(project.root, [...create, 'p.tar']))?.status, 0);
      const ofTheirs = await ours(['parse', '-p', 'p.tar']);
      assert.equal(ofTheirs.status, 0, ofTheirs.screen);
      assert.equal(withoutTimes(ofTheirs.stdout), withoutTimes(String(ofOurs?.stdout)));
    }),
    { numRuns: 100 },
  );
});
