import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { remainingOf } from '../src/validity/remaining.ts';
import { Project } from './project.ts';

const end = '2030-01-01T00:00:00Z';

for (const [now, days, urgency] of [
  ['2028-12-31T23:59:59Z', 365, 'none'],
  ['2029-01-01T00:00:00Z', 365, 'notice'],
  ['2029-10-02T23:59:59Z', 90, 'notice'],
  ['2029-10-03T00:00:00Z', 90, 'warning'],
  ['2029-12-02T00:00:00Z', 30, 'urgent'],
  ['2029-12-31T12:00:00Z', 0, 'urgent'],
  [end, 0, 'urgent'],
  ['2030-01-01T00:00:01Z', -1, 'expired'],
] as const) {
  test(`a certificate that ends at ${end} is ${urgency} at ${now}`, () => {
    assert.deepEqual(remainingOf({ notAfter: new Date(end) }, new Date(now)), { days, urgency });
  });
}

describe('commands speak of the end from a year before it, and louder the nearer it is', () => {
  for (const [now, line] of [
    ['2028-12-30T00:00:00Z', undefined],
    ['2029-06-01T00:00:00Z', /^\[INFO\] .* update\.der is valid until 2030-01-01 00:00:00 UTC, for 214 days more; /m],
    ['2029-11-01T00:00:00Z', /^\[WARNING\] .* update\.der ends on 2030-01-01 00:00:00 UTC, in 61 days\. .*cert renew/m],
    ['2029-12-30T00:00:00Z', /^\[CRITICAL\] .* update\.der ENDS IN 2 DAYS, on 2030-01-01 00:00:00 UTC\./m],
    ['2030-02-01T00:00:00Z', /^\[CRITICAL\] .* update\.der expired on 2030-01-01 00:00:00 UTC; /m],
  ] as const) {
    test(`on ${now.slice(0, 10)}: ${line === undefined ? 'nothing' : line.source.slice(3, 12)}`, async (t) => {
      const project = new Project(t);
      project.writeIdentity('update', { from: '2020-01-01', to: end });
      project.write('fw.bin', 'firmware');
      const init = ['init', '-d', 'arm.com', '-m', 'dev', '-c', 'update.der', '-k', 'update.key.pem'];
      const calls = [
        init,
        ['create', '-p', 'fw.bin', '-o', 'm'],
        ['verify', '-i', 'm'],
        ['sign', '-m', 'm', '-k', 'update.key.pem', '-c', 'update.der', '-o', 'mm'],
      ];
      for (const argv of calls) {
        const { status, stderr } = await project.run(argv, { time: now });
        assert.equal(status, 0, stderr);
        if (line) assert.match(stderr, line, argv[0]);
        else assert.doesNotMatch(stderr, /update\.der (is valid|ends|ENDS|expired)/, argv[0]);
      }
    });
  }

  test('the 2.x tools keep their standard output and say it on standard error', async (t) => {
    const project = new Project(t);
    project.writeIdentity('update', { from: '2020-01-01', to: end });
    project.write('fw.bin', 'firmware');
    const payload = { url: 'http://a/b', 'file-path': 'fw.bin', format: 'raw-binary' };
    project.write('c.json', JSON.stringify({ vendor: { domain: 'a.b' }, device: { 'model-name': 'm' }, payload }));
    const argv = ['create-v1', '-c', 'c.json', '-k', 'update.key.pem', '--update-certificate', 'update.der', '-o', 'm'];
    const { status, stdout, stderr } = await project.run(argv, { time: '2029-11-01T00:00:00Z' });
    assert.equal(status, 0, stdout);
    assert.doesNotMatch(stdout, /update\.der/);
    assert.match(stderr, /^WARNING: The certificate in update\.der ends on 2030-01-01 00:00:00 UTC, in 61 days\./);
  });
});
