// Keys in the real ssh-agent of OpenSSH.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { type TestContext, test } from 'node:test';
import { exportPrivateKey, generateKeyPair } from '@mooring/pki';
import { missing } from '../../../test/peers/missing.ts';
import { configOf, later, projectWithManifest } from '../test/manifests.ts';
import type { Project } from '../test/project.ts';

const skip = missing(['ssh-agent', 'ssh-add', 'ssh-keygen'], 'openssh-client');

interface Agent {
  env: Record<string, string>;
  add(file: string, comment: string, ...options: string[]): void;
}

function agent(t: TestContext, project: Project): Agent {
  const { PATH } = process.env as Record<string, string>;
  const socket = project.at('agent.sock');
  const { status, stdout, stderr } = spawnSync('ssh-agent', ['-s', '-a', socket], { encoding: 'utf8', env: { PATH } });
  assert.equal(status, 0, stderr);
  const pid = /SSH_AGENT_PID=(\d+)/.exec(stdout)?.[1] as string;
  t.after(() => process.kill(Number(pid)));
  const env = { PATH: PATH as string, SSH_AUTH_SOCK: socket };
  return {
    env,
    add(file, comment, ...options) {
      // ssh-add takes the comment of a PEM key from the name of its file.
      project.write(comment, project.bytes(file), 0o600);
      const added = spawnSync('ssh-add', [...options, comment], { env, cwd: project.root, encoding: 'utf8' });
      assert.equal(added.status, 0, added.stderr);
    },
  };
}

async function projectWithAgent(t: TestContext): Promise<{ project: Project; agent: Agent }> {
  const project = await projectWithManifest(t);
  return { project, agent: agent(t, project) };
}

test('a key in the agent signs manifests, by its comment and by its fingerprint', { skip }, async (t) => {
  const { project, agent } = await projectWithAgent(t);
  agent.add('update.key.pem', 'release');
  const listed = spawnSync('ssh-add', ['-l'], { env: agent.env, encoding: 'utf8' }).stdout;
  const fingerprint = /SHA256:\S+/.exec(listed)?.[0] as string;
  for (const signer of ['ssh-agent:release', `ssh-agent:${fingerprint}`]) {
    // r and s are at times a byte shorter or longer in SSH's encoding.
    for (let round = 0; round < 20; round++) {
      const made = await project.run(['create', '-p', 'fw.bin', '-o', 'one', '--signer', signer], { env: agent.env });
      assert.equal(made.status, 0, made.stderr);
      assert.equal((await project.run(['verify', '-i', 'one'], { time: later })).status, 0);
    }
  }
  project.write('c.json', JSON.stringify(configOf()));
  const third = ['create', '-c', 'c.json', '-v', '1.2.3', '-o', 'three', '--signer', 'ssh-agent:release'];
  assert.equal((await project.run(third, { env: agent.env })).status, 0);
  assert.equal((await project.run(['parse', 'three', '-c', 'update.der'])).status, 0);
});

test('what the agent cannot do is told, and nothing is written', { skip }, async (t) => {
  const { project, agent } = await projectWithAgent(t);
  const fresh = (): string => exportPrivateKey(generateKeyPair().privateKey, 'sec1', 'pem');
  project.write('twin.pem', fresh());
  agent.add('twin.pem', 'twin');
  project.write('twin.pem', fresh());
  agent.add('twin.pem', 'twin');
  agent.add('update.key.pem', 'release');
  spawnSync('ssh-keygen', ['-t', 'ed25519', '-N', '', '-C', 'edward', '-f', project.at('edward.pem')]);
  agent.add('edward.pem', 'edward');
  project.writeIdentity('other');
  agent.add('other.key.pem', 'other');
  project.write('c.json', JSON.stringify(configOf({ 'sign-image': true })));
  const v1 = ['create', '-p', 'fw.bin', '-o', 'out', '--signer'];
  const v3 = ['create', '-c', 'c.json', '-v', '1.2.3', '-o', 'out', '--signer'];
  const cases: [argv: string[], signer: string, says: RegExp][] = [
    [v1, 'nope', /holds no key "nope"[\s\S]*SHA256:\S+ \(release\)/],
    [v1, 'twin', /several P-256 keys with the comment "twin"[\s\S]*SHA256:/],
    [v1, 'edward', /of type ssh-ed25519; devices check updates with P-256/],
    [v1, 'other', /does not verify with the certificate/],
    [v3, 'release', /"sign-image" cannot be done with the key release in the ssh-agent/],
  ];
  for (const [argv, signer, says] of cases) {
    const { status, stdout, stderr } = await project.run([...argv, `ssh-agent:${signer}`], { env: agent.env });
    assert.equal(status, 1, signer);
    assert.match(stdout + stderr, says, signer);
    assert.ok(!project.files().includes('out'));
  }
});

test('an agent that is locked, or for certain hosts only, refuses in words', { skip }, async (t) => {
  const { project, agent } = await projectWithAgent(t);
  const create = ['create', '-p', 'fw.bin', '-o', 'out', '--signer', 'ssh-agent:release'];
  project.write(
    'known_hosts',
    'example.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIK0wmN/Cr3JXqmLW7u+g9pTh+wyqDHpSQEIQczXkVx9q\n',
  );
  agent.add('update.key.pem', 'release', '-H', project.at('known_hosts'), '-h', 'example.com');
  const { status, stderr } = await project.run(create, { env: agent.env });
  assert.equal(status, 1);
  assert.match(stderr, /holds no key "release"|refuses to sign/);
});
