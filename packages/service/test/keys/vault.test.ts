import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { isMooringError } from '@mooring/platform';
import fc from 'fast-check';
import { keyIdOf, openVault } from '../../src/keys/vault.ts';
import { failure } from '../failures.ts';

const vault = openVault(randomBytes(32));
const secret = Buffer.from('a private key');

test('what was sealed opens again, whatever it is', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.string(), (plain, context) => {
      const sealed = vault.seal(context, plain);
      assert.deepEqual(Buffer.from(vault.open(context, sealed)), Buffer.from(plain));
      assert.equal(keyIdOf(sealed), vault.keyId);
    }),
  );
});

test('sealed twice it looks different, and shows nothing of what is in it', () => {
  const first = Buffer.from(vault.seal('a', secret));
  assert.notDeepEqual(first, Buffer.from(vault.seal('a', secret)));
  assert.equal(first.includes(secret), false);
});

test('moved to another place it does not open', async () => {
  const sealed = vault.seal('authorities/1/private_key', secret);
  const refused = await failure('master.key.damaged', () => vault.open('authorities/2/private_key', sealed));
  assert.match(refused.message, /belongs to another place/);
});

test('another master key is named as such, not as damage', async () => {
  const other = openVault(randomBytes(32));
  const refused = await failure('master.key.wrong', () => other.open('a', vault.seal('a', secret)));
  assert.ok(refused.message.includes(vault.keyId) && refused.message.includes(other.keyId));
});

test('no change of a sealed value goes unnoticed', () => {
  const sealed = vault.seal('a', secret);
  fc.assert(
    fc.property(fc.nat(sealed.length * 8 - 1), (bit) => {
      const changed = Uint8Array.from(sealed);
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      assert.throws(() => vault.open('a', changed), isMooringError);
    }),
  );
  for (let length = 0; length < sealed.length; length++) {
    assert.throws(() => vault.open('a', sealed.subarray(0, length)), isMooringError);
  }
});

test('the form is final: a value that an earlier version sealed', () => {
  const old = openVault(new Uint8Array(32).fill(1));
  const sealed = Buffer.from('AZxRHktxtLh3lIpjKXlbHS6BIyhutXK2q7Vj7f4B1q6DnoL2rYOoXENHima/CxQVDiE=', 'base64');
  assert.equal(old.keyId, '9c511e4b71b4b877');
  assert.equal(Buffer.from(old.open('authorities/1/private_key', sealed)).toString(), 'a private key');
});
