// Manifests of ours are parsed and verified by the real 1.4.8, and its own by ours, over generated inputs.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { sameManifest } from '../test/compare-manifests.ts';
import { Project } from '../test/project.ts';
import { peer148 } from './peer-1.4.8.ts';
import { RealTool } from './real-tool.ts';

const peer = peer148();
const real = typeof peer === 'string' ? undefined : new RealTool(peer, 'manifesttool.clidriver.main');
after(() => real?.close());

const id = fc.stringMatching(/^[0-9a-f]{32}$/);
const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }).filter((value) => value.trim() !== '');
const latin1 = fc.stringMatching(/^[a-zA-Z0-9 äöüß{}":,]{1,30}$/);
const seconds = fc.integer({ min: 1_480_000_000, max: 1_700_000_000 });
const input = fc
  .record(
    {
      vendorId: id,
      classId: id,
      deviceId: id,
      description: text,
      vendorInfo: latin1,
      applyImmediately: fc.boolean(),
      payloadUri: fc.webUrl(),
      storageIdentifier: text,
      encryptionMode: fc.constantFrom('none-ecc-secp256r1-sha256', 'none-none-sha256'),
      long: fc.record(
        {
          applyPeriod: fc
            .tuple(seconds, seconds)
            .map(([a, b]) => ({ validFrom: Math.min(a, b), validTo: Math.max(a, b) })),
          aliases: fc.array(
            fc.webUrl().map((uri) => ({ file: 'fw.bin', uri })),
            { maxLength: 3 },
          ),
          dependencies: fc.array(
            fc.oneof(
              fc.constant({ file: 'fw.bin' }),
              fc.webUrl().map((uri) => ({ file: 'fw.bin', uri })),
            ),
            { maxLength: 3 },
          ),
        },
        { requiredKeys: [] },
      ),
    },
    { requiredKeys: ['long'] },
  )
  .chain(({ long, ...short }) =>
    fc
      .record({ nonce: id, timestamp: seconds })
      .map((fixed) => ({ ...short, resource: { resource: { manifest: { ...long, ...fixed } } } })),
  );

test('schema v1: ours and theirs are the same, and each reads and verifies the other’s', {
  skip: typeof peer === 'string' && peer,
}, async (t) => {
  const project = new Project(t);
  project.writeIdentity('update');
  project.write('fw.bin', 'firmware');
  const tool = real as RealTool;
  await project.run(['init', '-d', 'arm.com', '-m', 'dev-device', '-q', '-c', 'update.der', '-k', 'update.key.pem']);
  const time = '2026-06-01T00:00:00Z';
  await fc.assert(
    fc.asyncProperty(input, fc.option(fc.webUrl()), async (values, url) => {
      project.write('in.json', JSON.stringify(values));
      const argv = ['create', '-p', 'fw.bin', '-i', 'in.json', ...(url === null ? [] : ['-u', url])];
      const mine = await project.run([...argv, '-o', 'mine']);
      const theirs = await tool.run(project.root, [...argv, '-o', 'theirs']);
      assert.deepEqual([mine.status, theirs.status], [0, 0], `${mine.stderr}${theirs.stderr}`);
      sameManifest(project.bytes('mine'), project.bytes('theirs'));
      const own = [
        ...(values.vendorId ? ['-V', values.vendorId] : []),
        ...(values.classId ? ['-C', values.classId] : []),
      ];
      for (const file of ['mine', 'theirs']) {
        const ours = await project.run(['parse', '-i', file]);
        const old = await tool.run(project.root, ['parse', '-i', file]);
        assert.equal(ours.stdout, old.stdout.toString());
        const verdicts = [
          await project.run(['verify', '-i', file, ...own], { time }),
          await tool.run(project.root, ['verify', '-i', file, ...own]),
        ];
        assert.deepEqual(
          verdicts.map(({ status }) => status),
          [0, 0],
          verdicts.map(({ stderr }) => stderr).join('\n'),
        );
      }
    }),
    { numRuns: 200 },
  );
});
