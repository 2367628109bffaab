import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { readUpdateResources } from '@mooring/credentials';
import { importPrivateKey, matches, parseCertificate } from '@mooring/pki';
import { Project, quiet } from './project.ts';

const key = '.update-certificates/default.key.pem';
const certificate = '.update-certificates/default.der';
const settings = '.manifest_tool.json';
const resources = 'update_default_resources.c';
const cloud = '.mbed_cloud_config.json';

const resourcesOf = (project: Project) => readUpdateResources(project.text(resources), resources);

test('init makes a key, its certificate, settings and a C file that agree', async (t) => {
  const project = new Project(t);
  const { status, stderr } = await project.run(quiet);
  assert.equal(status, 0, stderr);
  assert.deepEqual(project.files(), [settings, certificate, key, resources].sort());
  const made = parseCertificate(project.bytes(certificate));
  assert.ok(matches(importPrivateKey(project.bytes(key)), made));
  assert.equal(made.subjectText, 'CN=arm.com');
  assert.equal(made.notAfter.getTime() - made.notBefore.getTime(), 90 * 86_400_000);
  assert.equal(resourcesOf(project).certificate?.fingerprint, made.fingerprint);
  assert.equal(project.json(settings).vendorId, 'fa6b4a53-d5ad-5fdf-be9d-e663e4d41ffe');
  assert.equal(project.json(settings).classId, '4d131344-feab-5a2e-84a2-0dccdd905f35');
});

test('key, folder and cloud settings with an API key are for the owner alone, whatever the umask', async (t) => {
  const project = new Project(t);
  const umask = process.umask(0);
  t.after(() => process.umask(umask));
  await project.run([...quiet, '-a', 'ak_1', '-S', 'https://api.example.com']);
  assert.equal(project.mode(key), '600');
  assert.equal(project.mode('.update-certificates'), '700');
  assert.equal(project.mode(cloud), '600');
  assert.equal(project.mode(settings), '644');
});

test('cloud settings that were readable by others are closed when the same key is given again', async (t) => {
  const project = new Project(t);
  await project.run([...quiet, '-a', 'ak_1']);
  chmodSync(project.at(cloud), 0o644);
  await project.run([...quiet, '-a', 'ak_1']);
  assert.equal(project.mode(cloud), '600');
});

test('a repeated init changes nothing and ends with the old warning', async (t) => {
  const project = new Project(t);
  await project.run(quiet);
  const before = project.snapshot();
  const again = await project.run(quiet);
  assert.equal(again.status, 0);
  assert.match(again.stderr, /\[WARNING\] .* update_default_resources\.c already exists, not overwriting\./);
  assert.deepEqual(project.snapshot(), before);
});

describe('settings and C file do not drift apart', () => {
  const cases: [string, (project: Project) => unknown, string[], RegExp][] = [
    ['another model', () => {}, ['init', '-d', 'arm.com', '-m', 'other', '-q'], /another class id/],
    ['another vendor', () => {}, ['init', '-d', 'arm.org', '-m', 'dev-device', '-q'], /another vendor id, class id/],
    [
      'another certificate',
      (project) => project.writeIdentity('other'),
      [...quiet, '-c', 'other.der', '-k', 'other.key.pem'],
      /another fingerprint, subject key identifier, certificate\./,
    ],
    [
      'a pair that is gone',
      (project) => rmSync(project.at('.update-certificates'), { recursive: true }),
      ['init', '-d', 'arm.com', '-m', 'dev-device'],
      /a new certificate would have to be made/,
    ],
    [
      'a C file that is empty',
      (project) => project.write(resources, ''),
      [...quiet],
      /update_default_resources\.c is empty/,
    ],
    [
      'a C file cut short',
      (project) => project.write(resources, project.text(resources).slice(0, 900)),
      [...quiet],
      /cannot be read/,
    ],
  ];
  for (const [name, prepare, argv, sentence] of cases) {
    test(`${name}: refused without -f, and nothing changes`, async (t) => {
      const project = new Project(t);
      await project.run(quiet);
      prepare(project);
      const before = project.snapshot();
      const { status, stdout, stderr } = await project.run(argv);
      assert.equal(status, 1);
      assert.match(stderr, sentence);
      assert.equal(stdout, '', 'no question was asked');
      assert.deepEqual(project.snapshot(), before);
    });
  }

  test('with the C file removed it is made anew for the same key', async (t) => {
    const project = new Project(t);
    await project.run(quiet);
    const pair = [project.text(key), project.bytes(certificate).toString('hex')];
    rmSync(project.at(resources));
    const { status } = await project.run(['init', '-d', 'arm.com', '-m', 'other', '-q']);
    assert.equal(status, 0);
    assert.deepEqual([project.text(key), project.bytes(certificate).toString('hex')], pair);
    assert.equal(
      Buffer.from(resourcesOf(project).classId).toString('hex'),
      String(project.json(settings).classId).replaceAll('-', ''),
    );
  });
});

describe('-f', () => {
  test('makes a new pair and keeps the old one under its fingerprint', async (t) => {
    const project = new Project(t);
    await project.run(quiet);
    const old = { key: project.text(key), certificate: parseCertificate(project.bytes(certificate)) };
    const { status, stderr } = await project.run([...quiet, '-f']);
    assert.equal(status, 0);
    const stem = `.update-certificates/default.${old.certificate.fingerprint.slice(0, 8)}.old`;
    assert.equal(project.text(`${stem}.key.pem`), old.key);
    assert.equal(project.mode(`${stem}.key.pem`), '600');
    assert.deepEqual(project.bytes(`${stem}.der`), Buffer.from(old.certificate.der));
    assert.ok(stderr.includes(`${stem}.key.pem`));
    assert.notEqual(parseCertificate(project.bytes(certificate)).fingerprint, old.certificate.fingerprint);
    assert.equal(
      resourcesOf(project).certificate?.fingerprint,
      parseCertificate(project.bytes(certificate)).fingerprint,
    );
  });

  test('keeps a key whose certificate is missing, and does not overwrite an earlier copy', async (t) => {
    const project = new Project(t);
    await project.run(quiet);
    const first = project.text(key);
    await project.run([...quiet, '-f']);
    const second = project.text(key);
    // The certificate of the first pair comes back beside the key of the second.
    const stem = project.files().find((path) => path.endsWith('.old.der')) as string;
    project.write(certificate, project.bytes(stem));
    const { status } = await project.run([...quiet, '-f']);
    assert.equal(status, 0);
    const kept = project
      .files()
      .filter((path) => path.endsWith('.key.pem'))
      .map((path) => project.text(path));
    assert.ok(kept.includes(first) && kept.includes(second));
    const third = project.text(key);
    rmSync(project.at(certificate));
    await project.run([...quiet, '-f']);
    assert.ok(
      project
        .files()
        .some((path) => path.includes('.old') && path.endsWith('.key.pem') && project.text(path) === third),
    );
  });

  test('with -c leaves the pair in the project alone', async (t) => {
    const project = new Project(t);
    await project.run(quiet);
    const before = project.text(key);
    project.writeIdentity('mine');
    const { status } = await project.run([...quiet, '-f', '-c', 'mine.der', '-k', 'mine.key.pem']);
    assert.equal(status, 0);
    assert.equal(project.text(key), before);
    assert.equal(project.json(settings)['private-key'], 'mine.key.pem');
  });
});

describe('the pair in the project is looked at before it is used', () => {
  test('expired: used with a warning and the remedy', async (t) => {
    const project = new Project(t);
    await project.run(quiet);
    const { status, stderr } = await project.run(quiet, { time: '2020-06-01T00:00:00Z' });
    assert.equal(status, 0);
    assert.match(stderr, /\[CRITICAL\] .* expired on 2019-12-29 10:56:04 UTC.*cert renew/);
  });

  const spoiled: [string, (project: Project) => void, RegExp][] = [
    [
      'an empty certificate',
      (p) => p.write(certificate, ''),
      /default\.der holds no certificate .* empty.*\n.* -f for a new one/,
    ],
    [
      'a damaged certificate',
      (p) => p.write(certificate, p.bytes(certificate).subarray(0, 200)),
      /default\.der holds no certificate/,
    ],
    ['an empty key', (p) => p.write(key, ''), /default\.key\.pem holds no private key .* empty/],
    ['a key that is none', (p) => p.write(key, 'hello'), /default\.key\.pem holds no private key/],
    [
      'the key of another pair',
      (p) => {
        p.writeIdentity('other');
        p.write(key, p.bytes('other.key.pem'));
      },
      /default\.key\.pem does not belong to the certificate in .*default\.der/,
    ],
  ];
  for (const [name, spoil, sentence] of spoiled) {
    test(`${name}: refused`, async (t) => {
      const project = new Project(t);
      await project.run(quiet);
      spoil(project);
      const before = project.snapshot();
      const { status, stderr } = await project.run(quiet);
      assert.equal(status, 1);
      assert.match(stderr, sentence);
      assert.deepEqual(project.snapshot(), before);
      assert.equal((await project.run([...quiet, '-f'])).status, 0, 'the remedy works');
    });
  }

  test('a key that everyone can read is named', async (t) => {
    const project = new Project(t);
    await project.run(quiet);
    chmodSync(project.at(key), 0o644);
    assert.match((await project.run(quiet)).stderr, /\[WARNING\] .*chmod 600 \.update-certificates\/default\.key\.pem/);
  });
});

describe('a certificate that is given', () => {
  test('in PEM form gives the same C file as in DER form; the settings name it as typed', async (t) => {
    const project = new Project(t);
    project.writeIdentity('mine');
    await project.run([...quiet, '-c', 'mine.der', '-k', './mine.key.pem']);
    const fromDer = project.text(resources);
    assert.deepEqual(project.json(settings)['default-certificates'], [{ file: 'mine.der' }]);
    assert.equal(project.json(settings)['private-key'], './mine.key.pem');
    await project.run([...quiet, '-f', '-c', 'mine.pem', '-k', 'mine.key.pem']);
    assert.equal(project.text(resources), fromDer);
    assert.ok(!project.files().includes(key));
  });

  const fixture = (name: string) => readFileSync(join(import.meta.dirname, 'fixtures', name));
  const unsuitable: [string, string, RegExp][] = [
    ['RSA', 'rsa.pem', /has a RSA-2048 key/],
    ['P-384', 'p384.pem', /has a P-384 key/],
    ['P-256 signed with SHA-384', 'sha384.pem', /a ecdsa-with-SHA384 signature/],
  ];
  for (const [name, file, sentence] of unsuitable) {
    test(`${name}: refused, since devices cannot check it`, async (t) => {
      const project = new Project(t);
      project.write('c.pem', fixture(file));
      const { status, stderr } = await project.run([...quiet, '-c', 'c.pem', '-s', 'c.pem', '--signing-key-id', 'k']);
      assert.equal(status, 1);
      assert.match(stderr, sentence);
      assert.deepEqual(project.files(), ['c.pem']);
    });
  }

  test('without a subject key identifier: the old warning and an empty array', async (t) => {
    const project = new Project(t);
    project.write('c.pem', fixture('no-ski.pem'));
    project.write('k.pem', fixture('no-ski.key.pem'));
    const { status, stderr } = await project.run([...quiet, '-c', 'c.pem', '-k', 'k.pem']);
    assert.equal(status, 0, stderr);
    assert.match(stderr, /\[WARNING\] .* - No Subject Key Identifier present in certificate\n/);
    assert.match(project.text(resources), /arm_uc_default_subject_key_identifier\[\] = {2}\{\n {4}\n\};/);
  });

  test('with a key behind a password: refused with the way to write it out', async (t) => {
    const project = new Project(t);
    project.write('c.pem', fixture('no-ski.pem'));
    project.write('k.pem', fixture('encrypted.key.pem'));
    const { status, stderr } = await project.run([...quiet, '-c', 'c.pem', '-k', 'k.pem']);
    assert.equal(status, 1);
    assert.match(stderr, /protected by a password.*\n.*openssl pkey/);
  });

  const refused: [string, string[], number, RegExp][] = [
    ['without key or tool', ['-c', 'mine.der'], 1, /without its key/],
    ['with the key of another', ['-c', 'mine.der', '-k', 'other.key.pem'], 1, /does not belong/],
    ['that is no certificate', ['-c', 'mine.key.pem', '-k', 'mine.key.pem'], 1, /mine\.key\.pem holds no certificate/],
    ['that is junk', ['-c', 'junk', '-k', 'mine.key.pem'], 1, /junk holds no certificate/],
    ['whose key is a certificate', ['-c', 'mine.der', '-k', 'mine.der'], 1, /mine\.der holds no private key/],
    [
      'that is not there',
      ['-c', 'gone.der', '-k', 'mine.key.pem'],
      2,
      /^manifest-tool init: error: argument -c\/--certificate: can't open 'gone\.der': \[Errno 2\] No such file or directory: 'gone\.der'\n$/,
    ],
    ['whose key is a folder', ['-c', 'mine.der', '-k', '.'], 2, /argument -k\/--private-key: can't open '\.'/],
    [
      'with a tool but no key id',
      ['-c', 'mine.der', '-s', 'mine.pem'],
      1,
      /Signing key ID is required with signing tool\.\n$/,
    ],
    ['no certificate, only a key', ['-k', 'mine.key.pem'], 1, /without the certificate/],
    [
      'key and tool at once',
      ['-c', 'mine.der', '-k', 'mine.key.pem', '-s', 'mine.pem'],
      2,
      /not allowed with argument/,
    ],
  ];
  for (const [name, options, expected, sentence] of refused) {
    test(`${name}: refused`, async (t) => {
      const project = new Project(t);
      project.writeIdentity('mine');
      project.writeIdentity('other');
      project.write('junk', 'MIIB');
      const before = project.snapshot();
      const { status, stderr } = await project.run([...quiet, ...options]);
      assert.equal(status, expected, stderr);
      assert.match(stderr, sentence);
      assert.deepEqual(project.snapshot(), before);
    });
  }

  test('with a signing tool the settings name tool and key id in place of a key', async (t) => {
    const project = new Project(t);
    project.writeIdentity('mine');
    project.write('sign.sh', '#!/bin/sh\n');
    const { status } = await project.run([...quiet, '-c', 'mine.der', '-s', './sign.sh', '--signing-key-id', 'hsm-7']);
    assert.equal(status, 0);
    const { 'signing-tool': tool, 'signing-key-id': id, ...rest } = project.json(settings);
    assert.deepEqual([tool, id, 'private-key' in rest], ['./sign.sh', 'hsm-7', false]);
  });

  test('expired: used with a warning', async (t) => {
    const project = new Project(t);
    project.writeIdentity('old', { to: '2019-02-01' });
    const { status, stderr } = await project.run([...quiet, '-c', 'old.der', '-k', 'old.key.pem']);
    assert.equal(status, 0);
    assert.match(stderr, /\[CRITICAL\] .*old\.der expired on 2019-02-01/);
  });
});

describe('bad values', () => {
  const cases: [string, string[], RegExp][] = [
    [
      'a domain without a dot',
      ['-d', 'localhost', '-m', 'm'],
      /^\[CRITICAL\] 2019-09-30 10:56:04 - manifesttool\.init - "localhost" is not a valid domain name\.\n$/,
    ],
    ['an empty domain', ['-d', '', '-m', 'm'], /-d\/--vendor-domain was given an empty domain name/],
    ['an empty model', ['-d', 'a.b', '-m', ''], /-m\/--model-name was given an empty model name/],
    ['a vendor id that is no UUID', ['-V', '90', '-m', 'm'], /"90", given with -V\/--vendor-id, is not a UUID/],
    ['an empty class id', ['-d', 'a.b', '-C', ''], /-C\/--class-id was given an empty UUID/],
    ['an empty API key', ['-d', 'a.b', '-m', 'm', '-a', ''], /-a\/--api-key was given an empty API key/],
    ['a country of three letters', ['-d', 'a.b', '-m', 'm', '--country', 'GBR'], /"GBR" is not a country code/],
    ['no days', ['-d', 'a.b', '-m', 'm', '--valid-days', '0'], /"0" is not a number of days/],
    ['days before now', ['-d', 'a.b', '-m', 'm', '--valid-days=-3'], /"-3" is not a number of days/],
    [
      'days past the year 9999',
      ['-d', 'a.b', '-m', 'm', '--valid-days', '2914728'],
      /beyond the year 9999, so 2914727 at most/,
    ],
    ['a name that no certificate can hold', ['-d', 'a.b', '-m', 'm', '--locality', 'a\u0007b'], /not text/],
    [
      'a name too long for a device',
      ['-d', 'a.b', '-m', 'm', '--locality', 'x'.repeat(900)],
      /devices store at most 1023/,
    ],
  ];
  for (const [name, argv, sentence] of cases) {
    test(`${name}: a sentence, status 1, nothing written`, async (t) => {
      const project = new Project(t);
      const { status, stderr } = await project.run(['init', ...argv, '-q']);
      assert.equal(status, 1);
      assert.match(stderr, sentence);
      assert.doesNotMatch(stderr, /\n\s+at /);
      assert.deepEqual(project.files(), []);
    });
  }

  test('a person at a terminal also reads the remedy of an old line', async (t) => {
    const project = new Project(t);
    const { stderr } = await project.run(['init', '-d', 'localhost', '-m', 'm'], { answers: [] });
    assert.match(stderr, /two or more parts/);
    assert.ok(stderr.startsWith('[\u001b[1;31mCRITICAL\u001b[1;0m] '));
  });

  test('settings that are not JSON are left for a person to look at', async (t) => {
    const project = new Project(t);
    project.write(settings, '{"deviceURNs": [');
    const { status, stderr } = await project.run(quiet);
    assert.equal(status, 1);
    assert.match(stderr, /\.manifest_tool\.json is not JSON/);
    assert.deepEqual(project.files(), [settings]);
  });

  test('a folder in the place of a file is refused before anything is written', async (t) => {
    const project = new Project(t);
    mkdirSync(project.at(resources));
    const { status, stderr } = await project.run([...quiet, '-f']);
    assert.equal(status, 1);
    assert.match(stderr, /update_default_resources\.c is a folder/);
    assert.deepEqual(project.files(), []);
  });
});

describe('options of our own', () => {
  test('subject and validity, without a question', async (t) => {
    const project = new Project(t);
    const { status, stderr } = await project.run([
      ...['init', '-d', 'example.com', '-m', 'pump', '-q', '--valid-days', '7300', '--country', 'DE'],
      ...['--state', 'Bayern', '--locality', 'Nürnberg', '--organization', 'Example', '--common-name', 'updates'],
    ]);
    assert.equal(status, 0, stderr);
    const made = parseCertificate(project.bytes(certificate));
    assert.equal(made.subjectText, 'C=DE,ST=Bayern,L=Nürnberg,O=Example,CN=updates');
    assert.equal(made.notAfter.toISOString(), '2039-09-25T10:56:04.000Z');
    assert.doesNotMatch(stderr, /10 years/);
  });

  test('the last day that a certificate can name', async (t) => {
    const project = new Project(t);
    const { status } = await project.run([...quiet, '--valid-days', '2914727']);
    assert.equal(status, 0);
    assert.equal(parseCertificate(project.bytes(certificate)).notAfter.toISOString(), '9999-12-31T10:56:04.000Z');
  });

  test('options for a new certificate that is not made are named, unless it has them already', async (t) => {
    const project = new Project(t);
    const wished = [...quiet, '--valid-days', '3653', '--country', 'DE'];
    await project.run(wished);
    assert.doesNotMatch((await project.run(wished)).stderr, /were not used/);
    assert.match((await project.run([...quiet, '--valid-days', '3654'])).stderr, /were not used\. -f makes a new one/);
  });

  test('--json reports ids, certificate, and what was written', async (t) => {
    const project = new Project(t);
    const { status, stdout } = await project.run([...quiet, '-S', 'https://api.example.com', '--json']);
    assert.equal(status, 0);
    const made = parseCertificate(project.bytes(certificate));
    assert.deepEqual(JSON.parse(stdout), {
      vendorId: 'fa6b4a53-d5ad-5fdf-be9d-e663e4d41ffe',
      classId: '4d131344-feab-5a2e-84a2-0dccdd905f35',
      vendorDomain: 'arm.com',
      modelName: 'dev-device',
      certificate: {
        source: 'made',
        file: certificate,
        fingerprint: made.fingerprint,
        subject: 'CN=arm.com',
        notBefore: '2019-09-30T10:56:04.000Z',
        notAfter: '2019-12-29T10:56:04.000Z',
        subjectKeyIdentifier: Buffer.from(made.subjectKeyIdentifier ?? []).toString('hex'),
      },
      privateKey: key,
      settings,
      resources,
      cloudSettings: cloud,
      written: [key, certificate, settings, resources, cloud],
      keptCopies: [],
    });
    const again = JSON.parse((await project.run([...quiet, '--json'])).stdout);
    assert.deepEqual([again.certificate.source, again.written], ['kept', []]);
  });

  test('--json reports a refusal with its code', async (t) => {
    const project = new Project(t);
    const { status, stdout } = await project.run(['init', '-d', 'localhost', '-m', 'm', '--json']);
    assert.equal(status, 1);
    assert.equal(JSON.parse(stdout).error.code, 'init.domain.invalid');
  });
});

describe('-l', () => {
  const shown: [string, number][] = [
    ['debug', 6],
    ['info', 6],
    ['warning', 2],
    ['exception', 2],
  ];
  for (const [level, lines] of shown) {
    test(`${level}: the lines of the log, and the two old warnings always`, async (t) => {
      const { stderr } = await new Project(t).run(['-l', level, ...quiet]);
      assert.equal(stderr.trim().split('\n').length, lines);
    });
  }

  test('after the command it is wrong usage', async (t) => {
    const { status, stderr } = await new Project(t).run([...quiet, '-l', 'debug']);
    assert.equal(status, 2);
    assert.match(stderr, /unrecognized arguments: -l debug/);
  });
});

test('option rules of argparse: prefixes, values in the same word, grouped letters', async (t) => {
  const project = new Project(t);
  const { status, stderr } = await project.run(['init', '--vendor-dom', 'arm.com', '-mdev-device', '-qf']);
  assert.equal(status, 0, stderr);
  assert.equal(project.json(settings).classId, '4d131344-feab-5a2e-84a2-0dccdd905f35');
});

test('--version is that of the interface', async (t) => {
  const { status, stdout } = await new Project(t).run(['--version']);
  assert.deepEqual([status, stdout], [0, '1.4.8\n']);
});
