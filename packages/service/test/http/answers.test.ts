import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accountErrors } from '../../src/accounts/errors.ts';
import { certificateErrors } from '../../src/certificates/errors.ts';
import { masterKeyErrors, storageErrors } from '../../src/errors.ts';
import { answerOf } from '../../src/http/answers.ts';
import { httpErrors } from '../../src/http/errors.ts';
import { updateErrors } from '../../src/updates/errors.ts';

/** Errors that no caller can bring about by what it sends. */
const own = ['authority.missing', 'service.address.unusable'];

test('every error that a caller can bring about has its status; nothing else tells of itself', () => {
  const families = [accountErrors, certificateErrors, httpErrors, updateErrors] as unknown as (typeof accountErrors)[];
  for (const family of families) {
    for (const code of Object.keys(family.codes) as 'auth.invalid'[]) {
      const answer = answerOf(family(code, { message: 'Its own sentence.' }), 'r');
      assert.equal(answer.code >= 500, own.includes(code), code);
      assert.equal(answer.message === 'Its own sentence.', !own.includes(code), code);
    }
  }
  for (const [error, status] of [
    [storageErrors('database.disk.full', { message: '/secret/path is full.' }), 507],
    [storageErrors('database.busy', { message: '/secret/path is locked.' }), 503],
    [storageErrors('database.damaged', { message: '/secret/path is damaged.' }), 500],
    [masterKeyErrors('master.key.wrong', { message: '/secret/path' }), 500],
    [new TypeError('/secret/path'), 500],
    ['/secret/path', 500],
    [undefined, 500],
  ] as const) {
    const answer = answerOf(error, 'r');
    assert.equal(answer.code, status);
    assert.doesNotMatch(answer.message, /secret/);
  }
});
