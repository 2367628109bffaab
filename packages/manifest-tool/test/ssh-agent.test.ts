import assert from 'node:assert/strict';
import { createHash, type KeyObject, sign } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { verifies } from '@mooring/manifest';
import { generateKeyPair } from '@mooring/pki';
import { isMooringError, type MooringError } from '@mooring/platform';
import fc from 'fast-check';
import { sshAgentSigner } from '../src/signing/ssh-agent.ts';
import { SshReader, SshWireFault, sshString } from '../src/signing/ssh-wire.ts';
import { Project } from './project.ts';

const pair = generateKeyPair();

function blobOf(key: KeyObject): Buffer {
  const { x = '', y = '' } = key.export({ format: 'jwk' });
  const point = Buffer.concat([Uint8Array.of(4), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
  return Buffer.concat([kind, Buffer.from('nistp256'), point].map(sshString));
}

const kind = Buffer.from('ecdsa-sha2-nistp256');
const blob = blobOf(pair.publicKey);

/** As OpenSSH writes a number: no zero in front but for a set top bit. */
function mpint(bytes: Buffer): Buffer {
  const digits = bytes.subarray(bytes.findIndex((byte) => byte !== 0));
  return sshString((digits[0] as number) >= 0x80 ? Buffer.concat([Buffer.alloc(1), digits]) : digits);
}

const signatureOf = (numbers: readonly Uint8Array[]): Buffer =>
  Buffer.concat([sshString(kind), sshString(Buffer.concat(numbers))]);

function signed(data: Uint8Array): Buffer {
  const raw = sign('sha256', data, { key: pair.privateKey, dsaEncoding: 'ieee-p1363' });
  return signatureOf([mpint(raw.subarray(0, 32)), mpint(raw.subarray(32))]);
}

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const identities = (list: readonly Uint8Array[]): Buffer =>
  Buffer.concat([
    Uint8Array.of(12),
    uint32(list.length),
    ...list.flatMap((one) => [sshString(one), sshString(Buffer.from('release'))]),
  ]);
const response = (signature: Uint8Array): Buffer => Buffer.concat([Uint8Array.of(14), sshString(signature)]);

/** What an agent says: a message, bytes as they are, or nothing. */
type Say = Buffer | { bytes: Buffer } | undefined;
interface Script {
  list?: (socket: Socket) => Say;
  sign?: (data: Buffer, socket: Socket) => Say;
}

/** An agent in this process that answers as it is told. @returns the path of its socket */
async function fakeAgent(t: TestContext, script: Script): Promise<string> {
  const socket = new Project(t).at('agent.sock');
  const server = createServer((connection) => {
    let received = Buffer.alloc(0);
    connection.on('error', () => undefined);
    connection.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 4 || received.length < 4 + received.readUInt32BE()) return;
      const message = new SshReader(received.subarray(4));
      let answer: Say;
      if (message.byte() === 11) answer = script.list ? script.list(connection) : identities([blob]);
      else {
        assert.deepEqual(message.string(), blob);
        const data = message.string();
        assert.equal(message.uint32(), 0, 'no flags');
        assert.ok(message.done);
        answer = script.sign ? script.sign(data, connection) : response(signed(data));
      }
      if (answer) connection.write('bytes' in answer ? answer.bytes : sshString(answer));
    });
  });
  await new Promise<void>((done) => server.listen(socket, done));
  t.after(() => server.close());
  return socket;
}

const context = (socket: string | undefined, signal = new AbortController().signal) => ({
  env: { SSH_AUTH_SOCK: socket },
  signal,
});
const data = Buffer.from('to be signed');

async function failureOf(work: Promise<unknown>): Promise<MooringError> {
  try {
    await work;
  } catch (error) {
    assert.ok(isMooringError(error), String((error as Error).stack));
    return error;
  }
  throw new assert.AssertionError({ message: 'it did not fail' });
}

test('r and s are read however many bytes they have', async (t) => {
  const socket = await fakeAgent(t, {});
  const signer = await sshAgentSigner('release', context(socket));
  assert.ok(signer.publicKey.equals(pair.publicKey));
  for (let round = 0; round < 300; round++) {
    const text = Buffer.from(`round ${round}`);
    assert.ok(verifies(pair.publicKey, text, await signer.sign(text)));
  }
});

test('a fingerprint chooses the key, with or without its padding', async (t) => {
  const socket = await fakeAgent(t, { list: () => identities([blobOf(generateKeyPair().publicKey), blob]) });
  const digest = createHash('sha256').update(blob).digest('base64');
  for (const wanted of [`SHA256:${digest}`, `SHA256:${digest.replaceAll('=', '')}`]) {
    assert.ok((await sshAgentSigner(wanted, context(socket))).publicKey.equals(pair.publicKey));
  }
});

const half = Buffer.alloc(32, 1);
const listing: [name: string, say: Script['list'], says: RegExp][] = [
  ['it fails', () => Buffer.from([5]), /message 5 in place of its keys/],
  ['an empty message', () => ({ bytes: uint32(0) }), /a message of 0 bytes/],
  ['a message that is too long', () => ({ bytes: uint32(2 ** 31) }), /a message of 2147483648 bytes/],
  ['a key that is cut off', () => identities([blob]).subarray(0, 40), /bytes announced/],
  ['more keys announced than there are', () => Buffer.concat([Uint8Array.of(12), uint32(7)]), /announced/],
  ['millions of keys announced', () => Buffer.concat([Uint8Array.of(12), uint32(2 ** 32 - 1)]), /announced/],
  ['something after the keys', () => Buffer.concat([identities([blob]), Buffer.alloc(1)]), /follows its end/],
  ['two messages', () => ({ bytes: Buffer.concat([sshString(identities([])), Buffer.alloc(3)]) }), /more than one/],
  ['half of a point', () => identities([blob.subarray(0, -4)]), /its public key is not on P-256/],
  ['a point off the curve', () => identities([blob.with(60, (blob[60] as number) ^ 1) as Buffer]), /not on P-256/],
  ['a key of no kind', () => identities([Buffer.alloc(2)]), /is of type damaged/],
  ['it hangs up', (socket) => void socket.end(), /does not answer: it closed the connection/],
  ['it says nothing', () => undefined, /does not answer: it stays silent/],
];
for (const [name, list, says] of listing) {
  test(`the list of an agent: ${name}`, async (t) => {
    const socket = await fakeAgent(t, { list: list as NonNullable<Script['list']> });
    // Only an agent that is silent is to be given up; on a busy machine the others take their time.
    const patience = name === 'it says nothing' ? 50 : 60_000;
    const { message } = await failureOf(sshAgentSigner('release', context(socket), patience));
    assert.match(message, says);
  });
}

const signing: [name: string, say: Script['sign'], says: RegExp][] = [
  ['it refuses', () => Buffer.from([5]), /refuses to sign/],
  ['another message', () => Buffer.from([6]), /message 6 in place of a signature/],
  ['a signature over something else', () => response(signed(Buffer.from('other'))), /does not verify/],
  ['another kind', () => response(sshString(Buffer.from('ssh-ed25519'))), /a signature of type "ssh-ed25519"/],
  ['r of 33 bytes', () => response(signatureOf([sshString(Buffer.alloc(33, 1)), sshString(half)])), /more than 32/],
  ['a negative s', () => response(signatureOf([sshString(half), sshString(Buffer.alloc(32, 0xff))])), /not positive/],
  ['s is missing', () => response(signatureOf([sshString(half)])), /announced/],
  ['a third number', () => response(signatureOf([half, half, half].map(sshString))), /something after its end/],
  ['an empty signature', () => response(Buffer.alloc(0)), /announced/],
  ['it hangs up', (_data, socket) => void socket.destroy(), /does not answer/],
];
for (const [name, say, says] of signing) {
  test(`the signature of an agent: ${name}`, async (t) => {
    const socket = await fakeAgent(t, { sign: say as NonNullable<Script['sign']> });
    const signer = await sshAgentSigner('release', context(socket));
    assert.match((await failureOf(signer.sign(data))).message, says);
  });
}

test('no agent, or a path that leads to none', async (t) => {
  assert.match((await failureOf(sshAgentSigner('release', context(undefined)))).message, /SSH_AUTH_SOCK is not set/);
  const nowhere = new Project(t).at('agent.sock');
  assert.match((await failureOf(sshAgentSigner('release', context(nowhere)))).message, /does not answer: ENOENT/);
});

test('waiting for a confirmation ends with Ctrl-C', async (t) => {
  const asked = Promise.withResolvers<void>();
  const socket = await fakeAgent(t, { sign: () => void asked.resolve() });
  const interruption = new AbortController();
  const signer = await sshAgentSigner('release', context(socket, interruption.signal));
  const failure = failureOf(signer.sign(data));
  await asked.promise;
  interruption.abort();
  assert.match((await failure).message, /interrupted/);
});

test('a message that comes in pieces is put together', async (t) => {
  const socket = await fakeAgent(t, {
    list: (connection) => {
      for (const byte of sshString(identities([blob]))) connection.write(Uint8Array.of(byte));
      return undefined;
    },
  });
  assert.ok((await sshAgentSigner('release', context(socket))).publicKey.equals(pair.publicKey));
});

test('whatever an agent says, there is a sentence', async (t) => {
  let answer: Say;
  const socket = await fakeAgent(t, { list: () => answer });
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.boolean(), async (bytes, isList) => {
      answer = Buffer.concat([isList ? Uint8Array.of(12, 0, 0, 0, 1) : new Uint8Array(), bytes]);
      await failureOf(sshAgentSigner('release', context(socket), 2000));
    }),
    { numRuns: 200 },
  );
});

test("SSH's encoding never reads beyond its end", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const reader = new SshReader(bytes);
      try {
        while (!reader.done) reader.string();
      } catch (error) {
        assert.ok(error instanceof SshWireFault);
      }
    }),
  );
});
