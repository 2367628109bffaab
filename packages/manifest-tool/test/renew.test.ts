import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { readUpdateResources } from '@mooring/credentials';
import { importPrivateKey, issueCertificate, matches, parseCertificate } from '@mooring/pki';
import { projectWithManifest } from './manifests.ts';
import { Project } from './project.ts';

const next = '.update-certificates/next.der';
const time = '2029-11-01T00:00:00Z';
const renew = ['cert', 'renew'] as const;

async function usualProject(t: TestContext): Promise<Project> {
  const project = new Project(t);
  await project.run(['init', '-d', 'arm.com', '-m', 'dev-device', '-q', '--valid-days', '7300'], {
    time: '2010-01-01T00:00:00Z',
  });
  return project;
}

const resultOf = (stdout: string) => JSON.parse(stdout) as Record<string, never>;

test('in a project the successor is made beside, and nothing that manifests are made with changes', async (t) => {
  const project = await usualProject(t);
  const before = project.snapshot();
  const { status, stdout, stderr } = await project.run(renew, { time });
  assert.equal(status, 0, stderr);
  const after = project.snapshot();
  for (const [file, data] of Object.entries(before)) assert.equal(after[file], data, file);
  const made = Object.keys(after).filter((file) => !(file in before));
  assert.deepEqual(made, [next, 'update_default_resources.next.c']);

  const [old, successor] = ['.update-certificates/default.der', next].map((file) =>
    parseCertificate(project.bytes(file)),
  );
  assert.equal(successor?.subjectText, old?.subjectText);
  assert.deepEqual(successor?.spki, old?.spki);
  assert.equal(successor?.notBefore.toISOString(), '2029-11-01T00:00:00.000Z');
  assert.equal(successor?.notAfter.toISOString(), '2049-10-27T00:00:00.000Z', 'as long as before: 7300 days');
  const resources = readUpdateResources(project.text('update_default_resources.next.c'), 'it');
  assert.equal(resources.certificate?.fingerprint, successor?.fingerprint);
  assert.match(
    stdout,
    /^Old certificate \.update-certificates\/default\.der\n.*\n\s+until 2029-12-27 00:00:00 UTC, 56 days$/m,
  );
  assert.match(stdout, /^Successor +\S+next\.der, the same key$/m);
  assert.match(
    stdout,
    /1\. Give the successor[\s\S]*2\. Devices at hand[\s\S]*3\. When the last device[\s\S]*4\. Keep/,
  );
});

test('of several renewals at once one is done, and its certificate and C file agree', async (t) => {
  const project = await usualProject(t);
  const outcomes = await Promise.all([1, 2, 3, 4].map(() => project.run(renew, { time })));
  assert.deepEqual(outcomes.map(({ status }) => status).sort(), [0, 1, 1, 1]);
  for (const { status, stderr } of outcomes) if (status === 1) assert.match(stderr, /next\.der exists\./);
  const resources = readUpdateResources(project.text('update_default_resources.next.c'), 'it');
  assert.equal(resources.certificate?.fingerprint, parseCertificate(project.bytes(next)).fingerprint);
});

test('the command that it gives for the end makes manifests name the successor, and they verify', async (t) => {
  const project = await usualProject(t);
  project.write('fw.bin', 'firmware');
  const { steps, successor } = resultOf((await project.run([...renew, '--json'], { time })).stdout) as unknown as {
    steps: { command?: string }[];
    successor: { fingerprint: string };
  };
  const last = steps.findLast(({ command }) => command !== undefined)?.command ?? '';
  assert.equal(
    last,
    'manifest-tool init -d arm.com -m dev-device -c .update-certificates/next.der -k .update-certificates/default.key.pem -f',
  );
  const init = await project.run(last.split(' ').slice(1), { time });
  assert.equal(init.status, 0, init.stderr);
  assert.equal((await project.run(['create', '-p', 'fw.bin', '-o', 'm'], { time })).status, 0);
  const verdict = await project.run(['verify', '-i', 'm'], { time });
  assert.match(verdict.stderr, new RegExp(`Signature by ${successor.fingerprint}: OK`));
  assert.equal(project.text('update_default_resources.c'), project.text('update_default_resources.next.c'));
});

test('a new key is made on request, is secret, and is the one that the last step signs with', async (t) => {
  const project = await usualProject(t);
  const { status, stdout } = await project.run([...renew, '--new-key', '--json'], { time });
  assert.equal(status, 0);
  const { sameKey, privateKey, steps, devices } = resultOf(stdout) as unknown as {
    sameKey: boolean;
    privateKey: string;
    steps: { text: string; command?: string }[];
    devices: { needsSuccessor: boolean }[];
  };
  assert.equal(sameKey, false);
  assert.equal(project.mode(privateKey), '600');
  const successor = parseCertificate(project.bytes(next));
  assert.ok(successor.selfSigned);
  assert.ok(matches(importPrivateKey(project.bytes(privateKey)), successor));
  assert.notDeepEqual(
    successor.subjectKeyIdentifier,
    parseCertificate(project.bytes('.update-certificates/default.der')).subjectKeyIdentifier,
  );
  assert.match(steps.at(-2)?.command ?? '', /-c \S+next\.der -k \S+next\.key\.pem -f$/);
  assert.ok(
    devices.every(({ needsSuccessor }) => needsSuccessor),
    'every device needs it',
  );
});

test('with the same key the FOTA client needs nothing', async (t) => {
  const project = await usualProject(t);
  const { devices } = resultOf((await project.run([...renew, '--json'], { time })).stdout) as unknown as {
    devices: { client: string; needsSuccessor: boolean }[];
  };
  assert.deepEqual(
    devices.map(({ client, needsSuccessor }) => [client.split(' ', 1)[0], needsSuccessor]),
    [
      ['Pelion', true],
      ['FOTA', false],
      ['Mooring', true],
    ],
  );
});

test('the default of 90 days is not handed on: ten years at least', async (t) => {
  const project = new Project(t);
  await project.run(['init', '-d', 'arm.com', '-m', 'dev-device', '-q']);
  await project.run(renew);
  const { notBefore, notAfter } = parseCertificate(project.bytes(next));
  assert.equal((notAfter.getTime() - notBefore.getTime()) / 86_400_000, 3653);
});

test('a certificate that has expired is renewed, and what that means is said', async (t) => {
  const project = await usualProject(t);
  const { status, stdout } = await project.run(renew, { time: '2031-01-01T00:00:00Z' });
  assert.equal(status, 0);
  assert.match(stdout, /expired on 2029-12-27/);
  assert.match(stdout, /has expired already: devices that look at dates.*provisioned by hand/);
});

test('a signing tool signs the successor as it signs manifests', async (t) => {
  const project = await projectWithManifest(t);
  project.write('tool.sh', '#!/bin/sh\nopenssl dgst -sha256 -sign "$2" -out "$4" "$3"\n', 0o755);
  const init = ['init', '-d', 'arm.com', '-m', 'dev-device', '-c', 'update.der', '-f'];
  await project.run([...init, '-s', './tool.sh', '--signing-key-id', 'update.key.pem']);
  const { status, stdout, stderr } = await project.run(renew);
  assert.equal(status, 0, stderr);
  assert.ok(parseCertificate(project.bytes(next)).selfSigned);
  assert.match(stdout, /-s \.\/tool\.sh --signing-key-id update\.key\.pem -f/);

  project.writeIdentity('other');
  await project.run([...init, '-s', './tool.sh', '--signing-key-id', 'other.key.pem']);
  const wrong = await project.run([...renew, '-f']);
  assert.equal(wrong.status, 1);
  assert.match(wrong.stderr, /is not that of the certificate in update\.der/);
});

describe('what cannot be done changes nothing', () => {
  const cases: [name: string, argv: string[], says: RegExp, status?: number][] = [
    ['a successor that is there already', [], /next\.der exists\. If it is a successor that devices were given/],
    ['the key of another certificate', ['-f', '-k', 'other.key.pem'], /is not that of the certificate[\s\S]*--new-key/],
    ['a certificate without a place for its successor', ['-c', 'other.der', '-k', 'other.key.pem'], /with -o/],
    [
      'the old certificate as the place',
      ['-c', 'other.der', '-k', 'other.key.pem', '-o', 'other.der', '-f'],
      /is a file that is read/,
    ],
    ['one file for two things', ['-f', '--new-key', '-o', 'x', '-K', 'x'], /or written twice/],
    ['standard output', ['-f', '-o', '-'], /standard output has the steps/, 2],
    ['no days', ['-f', '-V', '0'], /cannot be valid for 0 days/],
    ['more days than there are', ['-f', '-V', '4000000'], /cannot be valid for 4000000 days/],
    [
      'what an authority issued',
      ['-c', 'leaf.der', '-k', 'leaf.key.pem', '-o', 'x'],
      /was issued by CN=other[\s\S]*Ask the issuer/,
    ],
    ['a folder that is not there', ['-f', '-o', 'nowhere/x'], /can't open 'nowhere\/x'/, 2],
  ];
  for (const [name, argv, says, expected = 1] of cases) {
    test(name, async (t) => {
      const project = await usualProject(t);
      const other = project.writeIdentity('other');
      project.writeIdentity('leaf');
      project.write(
        'leaf.der',
        issueCertificate({
          subject: { commonName: 'leaf' },
          subjectKey: importPrivateKey(project.bytes('leaf.key.pem')),
          issuer: { certificate: parseCertificate(project.bytes('other.der')).der, key: other.privateKey },
          notBefore: new Date('2020-01-01'),
          notAfter: new Date('2030-01-01'),
          profile: 'developer',
        }),
      );
      await project.run(renew, { time });
      const before = project.snapshot();
      const { status, stderr } = await project.run([...renew, ...argv], { time });
      assert.equal(status, expected, stderr);
      assert.match(stderr, says);
      assert.deepEqual(project.snapshot(), before);
    });
  }

  test('a project with pre-shared keys has nothing to renew', async (t) => {
    const project = new Project(t);
    project.write('.manifest_tool.json', JSON.stringify({ 'psk-master-key': 'x', deviceURNs: [] }));
    const { status, stderr } = await project.run(renew);
    assert.equal(status, 1);
    assert.match(stderr, /pre-shared keys, which do not end/);
  });

  test('a folder that is no project', async (t) => {
    const { status, stderr } = await new Project(t).run(renew);
    assert.equal(status, 1);
    assert.match(stderr, /Neither the command line nor \.manifest_tool\.json names a certificate/);
  });
});
