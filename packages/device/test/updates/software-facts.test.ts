import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { flagFileBanks } from '../../src/updates/banks/flag-file.ts';
import {
  mountedDevice,
  PartInfo,
  partitionDevice,
  partitionOf,
  RootPartitions,
} from '../../src/updates/banks/partitions.ts';
import { ubootBanks } from '../../src/updates/banks/u-boot.ts';
import { checksum, decodeFirmwareHeader, encodeFirmwareHeader } from '../../src/updates/firmware-header.ts';
import { readRecords, recordLine } from '../../src/updates/journal/record-lines.ts';
import type { JournalRecord } from '../../src/updates/journal/records.ts';
import type { Programs } from '../../src/updates/programs.ts';
import { SimulatedDisk } from './simulated-disk.ts';

const software = { version: 1795378604n, digest: 'ab'.repeat(32), size: 12345 };

test("the header is that of MBL's client: 112 bytes, big endian, with its checksum", () => {
  const bytes = Buffer.from(encodeFirmwareHeader(software));
  assert.equal(bytes.length, 112);
  assert.equal(bytes.subarray(0, 8).toString('hex'), '5a51b3d400000002');
  assert.equal(bytes.readBigUInt64BE(8), software.version);
  assert.equal(bytes.readUInt32BE(108), checksum(bytes.subarray(0, 108)));
  assert.deepEqual(decodeFirmwareHeader(Buffer.concat([bytes, Buffer.alloc(40)])), software);
});

test('a header with any byte changed is none', () => {
  const bytes = Buffer.from(encodeFirmwareHeader(software));
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] as number) ^ 1;
    assert.equal(decodeFirmwareHeader(changed), undefined, `byte ${at}`);
  }
});

test('records are read up to the first line that is none', () => {
  const records: JournalRecord[] = [
    { type: 'running', software, last: { software, source: 'local', reported: true } },
    {
      type: 'staging',
      update: { software, source: 'local', parts: [{ type: 'ROOTFSv4', restart: 'device', bank: 2 }] },
    },
    { type: 'switching' },
  ];
  const whole = Buffer.from(records.map(recordLine).join(''));
  assert.deepEqual(readRecords(whole).records, records);
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), fc.boolean(), (at, flip, cut) => {
      const damaged = cut ? whole.subarray(0, at) : Buffer.from(whole);
      if (!cut) damaged[at] = (damaged[at] as number) ^ flip;
      const { records: found, size } = readRecords(damaged);
      assert.deepEqual(found, records.slice(0, found.length));
      assert.ok(found.length < records.length && size <= at + 1);
    }),
  );
});

for (const [device, disk, number] of [
  ['/dev/mmcblk1p13', '/dev/mmcblk1', 13],
  ['/dev/sda3', '/dev/sda', 3],
  ['/dev/nvme0n1p2', '/dev/nvme0n1', 2],
  ['/dev/loop7p1', '/dev/loop7', 1],
] as const) {
  test(`${device} is partition ${number} of ${disk}`, () => {
    assert.deepEqual(partitionOf(device), { disk, number });
    assert.equal(partitionDevice(disk, number), device);
  });
}

test('what is mounted last counts, and names may have spaces', () => {
  const table = '/dev/root / ext4 rw 0 0\n/dev/sda3 / ext4 rw 0 0\n/dev/sdb1 /a\\040b vfat ro 0 0\n';
  assert.equal(mountedDevice(table, '/'), '/dev/sda3');
  assert.equal(mountedDevice(table, '/a b'), '/dev/sdb1');
  assert.equal(mountedDevice(table, '/c'), undefined);
});

function boardDisk(): SimulatedDisk {
  const disk = new SimulatedDisk();
  disk.put('/part-info/MBL_ROOT_FS_PART_NUMBER_BANK1', '3');
  disk.put('/part-info/MBL_ROOT_FS_PART_NUMBER_BANK2', '13');
  return disk;
}

const partitions = (disk: SimulatedDisk, root: string) =>
  new RootPartitions(new PartInfo(disk, '/part-info'), async () => `${root} / ext4 rw 0 0\n`);

test('partition 13 is not partition 3', async () => {
  const disk = boardDisk();
  assert.equal(await partitions(disk, '/dev/mmcblk1p13').running(), 2);
  assert.equal(await partitions(disk, '/dev/sda3').running(), 1);
  assert.equal(await partitions(disk, '/dev/sda3').device(2), '/dev/sda13');
  await assert.rejects(partitions(disk, '/dev/sda1').running(), { code: 'update.board' });
});

test("MBL's flag file chooses bank 2 while it is there", async () => {
  const disk = boardDisk();
  const banks = flagFileBanks(disk, '/var/log/bootflags', partitions(disk, '/dev/sda3'));
  assert.equal(await banks.chosen(), 1);
  await banks.choose(2);
  assert.deepEqual([await banks.chosen(), (await disk.status('/var/log/bootflags/rootfs2'))?.size], [2, 0]);
  await banks.choose(1);
  assert.equal(await banks.chosen(), 1);
});

test("U-Boot's environment: a bank on trial is counted, a confirmed one is not", async () => {
  const environment = new Map([['mooring_bank', '1']]);
  const programs: Programs = {
    async run(program, words, input = '') {
      if (program === 'fw_printenv') {
        const value = environment.get(words[1] ?? '');
        return { status: value === undefined ? 1 : 0, stdout: `${value}\n`, stderr: '' };
      }
      for (const line of input.trim().split('\n')) environment.set(...(line.split(' ') as [string, string]));
      return { status: 0, stdout: '', stderr: '' };
    },
    start: async () => undefined,
  };
  const banks = ubootBanks(programs, partitions(boardDisk(), '/dev/sda3'), { bank: 'mooring_bank' });
  await banks.choose(2);
  assert.deepEqual(Object.fromEntries(environment), { mooring_bank: '2', upgrade_available: '1', bootcount: '0' });
  assert.equal(await banks.chosen(), 2);
  await banks.confirm();
  assert.equal(environment.get('upgrade_available'), '0');
  await banks.choose(1);
  assert.deepEqual([environment.get('mooring_bank'), environment.get('upgrade_available')], ['1', '0']);
});
