// Manifests of ours are read and verified by the real 2.6.2, and its own by ours, over generated configs.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { pythonPeer } from '../../../test/peers/python.ts';
import { sameManifest } from '../test/compare-manifests.ts';
import { Project } from '../test/project.ts';
import { RealTool } from './real-tool.ts';

const peer = pythonPeer({ name: 'manifest-tool-2.6.2', install: [['manifest-tool==2.6.2']] });
const real = typeof peer === 'string' ? undefined : new RealTool(peer, 'manifesttool.mtool.mtool.entry_point');
after(() => real?.close());

const word = fc.stringMatching(/^[a-zA-Z0-9 _.äß€-]{1,20}$/);
const hexId = fc.stringMatching(/^[0-9a-f]{32}$/).filter((id) => /[a-f]/.test(id));
const vendor = fc
  .oneof(
    fc.stringMatching(/^[a-z0-9]{1,8}\.[a-z]{2,5}$/).map((domain) => ({ domain })),
    hexId.map((id) => ({ 'vendor-id': id })),
  )
  .chain((one) => fc.boolean().map((custom) => ({ ...one, ...(custom ? { 'custom-data-path': 'custom' } : {}) })));
const device = fc.oneof(
  word.map((model) => ({ 'model-name': model })),
  hexId.map((id) => ({ 'class-id': id })),
);
const payload = fc
  .tuple(
    fc.webUrl(),
    fc.constantFrom('raw-binary', 'combined', 'encrypted-raw', 'encrypted-combined'),
    fc.stringMatching(/^[0-9a-f]{64}$/),
    fc.integer({ min: 1, max: 2 ** 40 }),
  )
  .map(([url, format, digest, size]) => ({
    url,
    'file-path': 'fw.bin',
    format,
    ...(format.startsWith('encrypted') ? { encrypted: { digest, size } } : {}),
  }));
const config = fc.record(
  { vendor, device, payload, priority: fc.nat(2 ** 31), component: word, 'sign-image': fc.boolean() },
  { requiredKeys: ['vendor', 'device', 'payload', 'priority'] },
);
const version = fc
  .tuple(fc.nat(999), fc.nat(999), fc.nat(999))
  .map((parts) => parts.join('.'))
  .filter((text) => text !== '0.0.0');

/** The dump without its time, and without the secret numbers in signatures. */
const dump = (text: string): string => text.slice(text.indexOf('----- Manifest dump start'));

test('schema v3: ours and theirs are the same, and each reads the other’s', {
  skip: typeof peer === 'string' && peer,
}, async (t) => {
  const project = new Project(t);
  project.writeIdentity('update');
  const tool = real as RealTool;
  await fc.assert(
    fc.asyncProperty(
      config,
      version,
      fc.uint8Array({ minLength: 1, maxLength: 60 }),
      fc.uint8Array({ maxLength: 80 }),
      async (cfg, fw, custom, image) => {
        project.write('c.json', JSON.stringify(cfg));
        project.write('custom', custom);
        project.write('fw.bin', image);
        const argv = ['create', '-c', 'c.json', '-k', 'update.key.pem', '-v', fw];
        const mine = await project.run([...argv, '-o', 'mine']);
        const theirs = await tool.run(project.root, [...argv, '-o', 'theirs']);
        assert.deepEqual([mine.status, theirs.status], [0, 0], `${mine.stdout}${theirs.stdout}${theirs.stderr}`);
        sameManifest(project.bytes('mine'), project.bytes('theirs'));
        assert.equal((await project.run(['parse', 'theirs', '-c', 'update.der'])).status, 0);
        const ours = await project.run(['parse', 'mine', '-c', 'update.der']);
        assert.equal(ours.status, 0, ours.stdout);
        const old = await tool.run(project.root, ['parse', 'mine']);
        assert.equal(dump(ours.stdout), dump(old.stdout.toString()));
        const { status } = await tool.run(project.root, ['parse', 'mine', '-k', 'update.key.pem']);
        // With an encrypted payload 2.6.2 checks the image signature with the wrong digest.
        assert.equal(status, cfg['sign-image'] && cfg.payload.format.startsWith('encrypted') ? 1 : 0);
      },
    ),
    { numRuns: 150 },
  );
});

test('schema v1: ours and theirs are the same, and each reads the other’s', {
  skip: typeof peer === 'string' && peer,
}, async (t) => {
  const project = new Project(t);
  project.writeIdentity('update');
  const tool = real as RealTool;
  const numbers = fc.bigInt({ min: 1n, max: 2n ** 62n });
  await fc.assert(
    fc.asyncProperty(
      config,
      fc.option(numbers),
      version,
      fc.uint8Array({ minLength: 1, maxLength: 60 }),
      async (cfg, number, fw, custom) => {
        const { 'sign-image': _, component: _component, ...rest } = cfg;
        const raw = { ...rest, payload: { url: cfg.payload.url, 'file-path': 'fw.bin', format: 'raw-binary' } };
        project.write('c.json', JSON.stringify(raw));
        project.write('custom', custom);
        project.write('fw.bin', 'firmware');
        const given = number === null ? ['--fw-migrate-ver', fw] : ['-v', String(number)];
        const argv = [
          'create-v1',
          '-c',
          'c.json',
          '-k',
          'update.key.pem',
          '--update-certificate',
          'update.der',
          ...given,
        ];
        const mine = await project.run([...argv, '-o', 'mine']);
        const theirs = await tool.run(project.root, [...argv, '-o', 'theirs']);
        assert.deepEqual([mine.status, theirs.status], [0, 0], `${mine.stdout}${theirs.stdout}${theirs.stderr}`);
        sameManifest(project.bytes('mine'), project.bytes('theirs'));
        assert.equal((await project.run(['parse', 'theirs', '-c', 'update.der'])).status, 0);
        const ours = await project.run(['parse', 'mine', '-c', 'update.der']);
        const old = await tool.run(project.root, ['parse', 'mine', '-c', 'update.der']);
        assert.deepEqual([ours.status, old.status], [0, 0], `${ours.stdout}${old.stdout}`);
        assert.equal(dump(ours.stdout), dump(old.stdout.toString()));
      },
    ),
    { numRuns: 100 },
  );
});
