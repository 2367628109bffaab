import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MooringError } from '@mooring/platform';
import fc from 'fast-check';
import { failedRung, failureText, withRung } from '../src/doctor/failed-rung.ts';
import { climb, type Finding, type Rung } from '../src/doctor/ladder.ts';
import { type RungName, rungNames } from '../src/doctor/rungs.ts';
import * as families from '../src/errors.ts';

const rung = (name: RungName, state: Finding['state'], needs: RungName[] = [], probed: string[] = []): Rung => ({
  name,
  needs,
  probe: async () => {
    probed.push(name);
    return state === 'broken' ? { state, says: 'b', mend: 'm' } : { state, says: state };
  },
});
const error = (code: string, data: Record<string, unknown> = {}, cause?: unknown) =>
  new MooringError(code, { message: 'What.', next: 'Do.', data, cause });

test('what a broken rung carries is not reached; what does not need it is looked at', async () => {
  const probed: string[] = [];
  const { rungs, firstBroken } = await climb([
    rung('name', 'ok', [], probed),
    rung('route', 'broken', ['name'], probed),
    rung('tcp', 'ok', ['route'], probed),
    rung('host key', 'ok', ['tcp'], probed),
    rung('key pair', 'not applicable', [], probed),
    rung('chain', 'ok', ['key pair', 'service'], probed),
    rung('service', 'broken', [], probed),
  ]);
  assert.deepEqual(
    rungs.map(({ name, state }) => [name, state]),
    [
      ['name', 'ok'],
      ['route', 'broken'],
      ['tcp', 'not reached'],
      ['host key', 'not reached'],
      ['key pair', 'not applicable'],
      ['chain', 'not applicable'],
      ['service', 'broken'],
    ],
  );
  assert.equal(firstBroken?.name, 'route');
  assert.deepEqual(probed, ['name', 'route', 'key pair', 'service']);
});

test('a rung may need one above it, each is probed once, and they are shown from the bottom', async () => {
  const probed: string[] = [];
  const shown: string[] = [];
  await climb(
    [rung('service', 'ok', [], probed), rung('chain', 'ok', ['service'], probed), rung('key pair', 'ok', [], probed)],
    ({ name }) => shown.push(name),
  );
  assert.deepEqual(shown, ['key pair', 'chain', 'service']);
  assert.deepEqual(probed, ['key pair', 'service', 'chain']);
});

test('an expected error breaks its rung; another is thrown, and so is the end by Ctrl-C', async () => {
  const failing = (thrown: unknown): Rung[] => [
    {
      name: 'tcp',
      needs: [],
      probe: () => Promise.reject(thrown),
    },
  ];
  const { firstBroken } = await climb(failing(error('ssh.timeout')));
  assert.deepEqual(firstBroken, { name: 'tcp', state: 'broken', says: 'What.', mend: 'Do.', code: 'ssh.timeout' });
  await assert.rejects(climb(failing(new TypeError('fault'))), TypeError);
  await assert.rejects(climb(failing(error('interrupted'))), { code: 'interrupted' });
});

test('whatever is broken: the first broken rung is the lowest, and nothing that needs it is looked at', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { minLength: 13, maxLength: 13 }), async (broken) => {
      const probed: string[] = [];
      const all = rungNames.map((name, index) =>
        rung(name, broken[index] ? 'broken' : 'ok', index === 0 ? [] : [rungNames[index - 1] as RungName], probed),
      );
      const { rungs, firstBroken } = await climb(all);
      const first = broken.indexOf(true);
      assert.equal(firstBroken?.name, first < 0 ? undefined : rungNames[first]);
      assert.deepEqual(probed, rungNames.slice(0, first < 0 ? rungNames.length : first + 1));
      assert.ok(rungs.every(({ state }, index) => first < 0 || index <= first || state === 'not reached'));
    }),
  );
});

const both = { dev_cert_name: 'dev', update_cert_name: 'upd' };

test('the rung of a failure, by code', () => {
  for (const [code, data, expected] of [
    ['selection.none', {}, 'name'],
    ['discovery.nothing.found', {}, 'name'],
    ['ssh.address.zone.missing', {}, 'route'],
    ['ssh.unreachable', { reason: 'ENOTFOUND' }, 'name'],
    ['ssh.unreachable', { reason: 'ENETUNREACH' }, 'route'],
    ['ssh.unreachable', { reason: 'ECONNREFUSED' }, 'tcp'],
    ['ssh.timeout', { port: 22 }, 'tcp'],
    ['ssh.timeout', {}, 'host key'],
    ['ssh.protocol.failed', {}, 'host key'],
    ['ssh.hostkey.changed', {}, 'host key'],
    ['ssh.authentication.refused', {}, 'login'],
    ['ssh.connection.lost', {}, 'tcp'],
    ['provision.program.missing', {}, 'program'],
    ['provision.failed', {}, 'store'],
    ['provision.status.failed', {}, 'store'],
    ['rest.unauthorized', {}, 'service'],
    ['cloud.key.missing', {}, 'service'],
    ['cloud.certificate.unknown', {}, 'chain'],
    ['cloud.certificate.exists', {}, 'service'],
    ['store.certificate.damaged', { name: 'dev' }, 'key pair'],
    ['store.certificate.unknown', { name: 'upd' }, 'update certificate'],
    // Off the ladder: the device and the service did what they were asked.
    ['ssh.command.failed', {}, undefined],
    ['ssh.no.terminal', {}, undefined],
    ['transfer.source.missing', {}, undefined],
    ['store.locations.malformed', {}, undefined],
    ['interrupted', {}, undefined],
  ] as const) {
    assert.equal(failedRung(error(code, data), both), expected, code);
  }
  assert.equal(failedRung(error('store.certificate.unknown', { name: 'x' }), { name: 'x' }), undefined);
  assert.equal(
    failedRung(error('credentials.source.kind'), { ...both, update_cert_path: 'u.c' }),
    'update certificate',
  );
  const lost = error('provision.transfer.failed', {}, error('ssh.connection.lost'));
  assert.equal(failedRung(lost, both), 'tcp');
  assert.equal(failedRung(error('provision.transfer.failed', {}, lost), both), 'tcp');
  assert.equal(failedRung(error('provision.transfer.failed'), both), 'store');
});

test('every failure to reach a device or the service has a rung', () => {
  const offTheLadder = ['ssh.no.terminal', 'ssh.command.failed', 'ssh.command.signalled'];
  for (const family of [
    families.discoveryErrors,
    families.selectionErrors,
    families.sshErrors,
    families.cloudErrors,
    families.provisionErrors,
  ]) {
    for (const code of Object.keys(family.codes)) {
      assert.equal(failedRung(error(code), both) === undefined, offTheLadder.includes(code), code);
    }
  }
});

test('the rung is the last line, and in the data; nothing else of the failure changes', () => {
  const first = new MooringError('ssh.timeout', { message: 'What.', next: 'Do.', data: { port: 1 }, exitCode: 7 });
  const told = withRung(first, {}) as MooringError;
  assert.deepEqual({ ...told }, { ...first, data: { port: 1, rung: 'tcp' } });
  assert.equal(failureText(told), "What.\nDo.\nRung: tcp – 'mbl-cli doctor' checks the rest.");
  assert.equal(failureText(first), 'What.\nDo.');
  const fault = new Error('fault');
  assert.equal(withRung(fault, {}), fault);
});
