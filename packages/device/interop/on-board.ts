// The device programs on the Node that Debian has for 32-bit and 64-bit ARM boards, in an emulated processor
// (Debian: apt install qemu-user-static; Node itself is fetched from Debian and unpacked into a temporary folder).
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseRequest } from '@mooring/pki';
import { buildDevicePackage } from '../../../packaging/device/device-package.ts';
import { missing } from '../../../test/peers/missing.ts';
import { fileKeyProvider, SecureStorage } from '../src/index.ts';
import { credentialSet, writeSet } from '../test/provisioning/credential-set.ts';
import { run } from '../test/provisioning/terminal.ts';
import { temporaryFolder } from '../test/temporary-folder.ts';
import { type Board, distributionNode, emulated } from './distribution-node.ts';

/** One file for each board, so that none takes long. */
export function testOnBoard(board: Board): void {
  const { architecture, processor } = board;
  const skip = missing(['apt-get', 'dpkg-deb', board.emulator], 'apt dpkg qemu-user-static');
  test(`${architecture} (${processor}): what is installed runs on the distribution's own Node, and its storage is that of every machine`, {
    skip,
  }, async (t) => {
    const folder = temporaryFolder(t);
    const deb = await buildDevicePackage({ architecture, out: folder, compression: 'gzip' });
    const device = join(folder, 'device');
    assert.equal(spawnSync('dpkg-deb', ['--extract', deb, device]).status, 0);
    const [emulator, ...node] = emulated(board, distributionNode(architecture, join(folder, 'debian')));
    const onBoard = (...args: string[]) => {
      const { status, stdout, stderr } = spawnSync(emulator, [...node, ...args], {
        cwd: folder,
        encoding: 'utf8',
        env: { PATH: '/usr/bin:/bin' },
        timeout: 60_000,
        killSignal: 'SIGKILL',
      });
      assert.equal(status, 0, `${args.join(' ')}: ${stdout}${stderr}`);
      return stdout;
    };
    const options = ['--certs-dir', 'certs', '--store', 'store'];
    const program = join(device, 'usr/lib/mooring-device/pelion-provisioning-util.js');
    const arch = architecture === 'armhf' ? 'arm' : 'arm64';
    assert.match(onBoard('-p', 'process.arch + process.version'), new RegExp(`^${arch}v2[0-9]\\.`));

    const client = join(device, 'usr/lib/mooring-device/mbl-cloud-client.js');
    assert.match(onBoard(client, '--version'), /^\d+\.\d+\.\d+$/m);

    writeSet(join(folder, 'certs'), credentialSet('board'));
    assert.match(onBoard(program, '--provision', ...options), /^Provisioning process completed without error\.$/m);
    const here = await run(['--get-pelion-status', ...options], { cwd: folder });
    assert.equal(here.status, 0, 'what the board stored is read here');

    const { csr } = JSON.parse(onBoard(program, '--make-key', '--endpoint-name', 'board', '--json', ...options));
    assert.equal(parseRequest(csr).subject.commonName, 'board');
    const store = join(folder, 'store');
    const storage = await SecureStorage.open({ folder: store, keyProvider: fileKeyProvider(`${store}.key`) });
    await storage.transaction({ put: [{ name: 'here', type: 'config', factory: false, data: Buffer.from('1') }] });
    const status = JSON.parse(onBoard(program, '--get-pelion-status', '--json', ...options));
    assert.deepEqual([status.configured, status.endpointName], [true, 'board'], 'what was stored here is read there');
  });
}
