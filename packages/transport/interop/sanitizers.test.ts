// The addons built with the address and undefined behaviour sanitizers, under the tests that give them most to do.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { missing } from '../../../test/peers/missing.ts';
import { addons, build } from '../native/build.ts';

const skip = process.platform !== 'linux' ? 'not Linux' : missing(['gcc'], 'gcc libc6-dev');
const folder = mkdtempSync(join(tmpdir(), 'mooring-sanitizers-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const tests = join(import.meta.dirname, '../test');
/** An address sanitizer has to be there before anything else; Node is not built with it, so gcc's is loaded first. */
const library = (name: string) => spawnSync('gcc', [`-print-file-name=${name}`], { encoding: 'utf8' }).stdout.trim();

test('no fault is found while the tests of DTLS and of TLS records run', { skip, timeout: 110_000 }, async (t) => {
  for (const addon of addons) {
    const flags = ['-fsanitize=address,undefined', '-fno-omit-frame-pointer', '-g'];
    assert.equal(build(addon, 'gcc', folder, flags), undefined);
  }
  for (const name of ['dtls-handshake', 'dtls-channel', 'dtls-fuzz', 'tls-records']) {
    await t.test(name, () => {
      const log = join(folder, `log.${name}`);
      const { status, stdout, stderr } = spawnSync(process.execPath, [join(tests, `${name}.test.ts`)], {
        encoding: 'utf8',
        timeout: 100_000,
        env: {
          ...process.env,
          NODE_TEST_CONTEXT: undefined,
          MOORING_NATIVE: folder,
          LD_PRELOAD: library('libasan.so'),
          // Leaks are looked for, and judged below: at its end Node does not free what holds our objects.
          ASAN_OPTIONS: `detect_leaks=1:exitcode=0:halt_on_error=1:log_path=${log}`,
          UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1',
        },
      });
      const reports = globSync(`${log}*`).map((file) => readFileSync(file, 'utf8'));
      const faults = reports.filter((report) => /ERROR: (?!LeakSanitizer)|runtime error/.test(report));
      assert.deepEqual(faults, []);
      const ours =
        reports.join('\n').match(/#\d+ 0x\S+ in (session_new|context_new|parcels_add|make_\w+|string_property) .*/g) ??
        [];
      assert.deepEqual(
        ours.filter((frame) => !/ in make_(session|context) /.test(frame)),
        [],
        'leaks',
      );
      assert.equal(status, 0, `${stdout}\n${stderr}`);
      assert.doesNotMatch(stdout, /# SKIP|﹣/, 'nothing was skipped');
    });
  }
});
