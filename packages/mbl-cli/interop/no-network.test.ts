// A machine whose cable is out and whose radio is off.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cannot, Host, must, temporaryFolder } from './namespaces.ts';

const skip = cannot(['ip']);

test('no network at all: what fails is told, and doctor names the route', { skip, timeout: 60_000 }, async (t) => {
  const host = new Host(t, await temporaryFolder(t));
  must('ip', ['-n', host.name, 'link', 'set', 'lo', 'down']);
  const listed = await host.run(['list', '--timeout', '1']);
  assert.match(listed.stderr, /^No network interface of this machine can be used to look for devices\./);
  for (const address of ['192.0.2.1', '2001:db8::1', 'fe80::1%eth0']) {
    const shell = await host.run(['-a', address, 'shell', 'true']);
    assert.match(shell.stderr, /^Unable to connect to port 22 on [\s\S]*^Rung: route/m);
    const { stdout } = await host.run(['-a', address, 'doctor']);
    assert.match(stdout, /^First broken rung: route\. There is no way to /m);
  }
});
