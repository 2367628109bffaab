import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { der } from '@mooring/pki';
import { inMemory, isMooringError } from '@mooring/platform';
import fc from 'fast-check';
import {
  decodeDescriptor,
  encodeDescriptor,
  openPackage,
  type PackageImage,
  readPackage,
  readTar,
  writePackage,
} from '../../src/index.ts';
import { checksum, paxRecord, tarHeader } from '../../src/package/tar-header.ts';
import { vector, withoutVectors } from '../vectors.ts';

/** Runs of one property; a longer search takes MOORING_FUZZ_RUNS. */
const numRuns = Number(process.env.MOORING_FUZZ_RUNS ?? 10_000);

const image = (name: string, data: string, vendorData = 'v'): PackageImage => ({
  name,
  vendorData: Buffer.from(vendorData),
  data: Buffer.from(data),
});
const two = () => [image('main', 'first image'), image('radio', 'second', 'w')];

/** A tar archive of members made by hand. */
function archive(...members: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat([...members, Buffer.alloc(1024)]));
}
function member(name: string, data: Uint8Array, type: '0' | 'x' = '0'): Uint8Array {
  const rest = Buffer.alloc((512 - (data.length % 512)) % 512);
  return Buffer.concat([tarHeader(Buffer.from(name), data.length, type), data, rest]);
}
const described = (...images: PackageImage[]) =>
  member(
    '_desc_',
    encodeDescriptor(images.map(({ name, vendorData, data }) => ({ name, vendorData, size: data.length }))),
  );
const [main, radio] = two() as [PackageImage, PackageImage];

describe('combined packages', () => {
  const images = fc
    .uniqueArray(fc.stringMatching(/^[0-9a-zA-Z_.-]{1,8}$/), { minLength: 1, maxLength: 5 })
    .filter((names) => !names.includes('_desc_'))
    .chain((names) =>
      fc.tuple(
        ...names.map((name) =>
          fc.record({
            name: fc.constant(name),
            vendorData: fc.uint8Array({ maxLength: 40 }),
            data: fc.uint8Array({ maxLength: 1500 }),
          }),
        ),
      ),
    );

  test('what is written is read', () => {
    fc.assert(
      fc.property(images, fc.constantFrom(1, 7, 512, 4096, 5000), (written, alignment) => {
        const found = readPackage(writePackage(written, { alignment }));
        assert.deepEqual(
          found.map(({ name, vendorData, data }) => ({ name, vendorData: [...vendorData], data: [...data] })),
          written.map(({ name, vendorData, data }) => ({ name, vendorData: [...vendorData], data: [...data] })),
        );
      }),
      { numRuns: 200 },
    );
  });

  test('the same images give the same bytes, filled up to a record of tar', () => {
    assert.deepEqual(writePackage(two()), writePackage(two()));
    assert.equal(writePackage(two()).length, 10240);
  });

  for (const alignment of [1, 4, 512, 1024, 4096, 1000, 65536]) {
    test(`images start at multiples of ${alignment}`, () => {
      const members = readTar(writePackage([...two(), image('third', 'x'.repeat(3000))], { alignment }));
      assert.deepEqual(
        members.map(({ name }) => name),
        ['_desc_', 'main', 'radio', 'third'],
      );
      for (const { offset } of members.slice(1)) assert.equal(offset % alignment, 0);
    });
  }

  test('refused: alignments that make no sense', () => {
    for (const alignment of [0, -4, 0.5, Number.NaN, 2 ** 40, 16 * 1024 * 1024 - 1]) {
      assert.throws(() => writePackage(two(), { alignment }), { code: 'package.alignment' });
    }
  });

  const badNames: Record<string, string> = {
    'no name': '',
    'a space': 'a b',
    'a path': '../a',
    'a line end': 'a\n',
    'the name of the descriptor': '_desc_',
    'a name that is there already': 'main',
    'a name that tar has no room for': 'n'.repeat(101),
  };
  for (const [what, name] of Object.entries(badNames)) {
    test(`refused: ${what}`, () => {
      assert.throws(() => writePackage([...two(), image(name, 'x')]), { code: 'package.image.refused' });
    });
  }
});

describe('packages of manifest-package-tool 2.6.2', () => {
  for (const name of ['01-two', '02-three-yaml']) {
    test(`vector ${name}`, { skip: withoutVectors }, () => {
      const bytes = vector(`v2-package/${name}/out/pkg.tar`);
      const found = readPackage(bytes);
      assert.deepEqual(
        Buffer.from(readTar(writePackage(found))[0]?.data ?? []),
        Buffer.from(vector(`v2-package/${name}/out/_desc_.der`)),
        'our descriptor of these images is theirs',
      );
      assert.deepEqual(
        Buffer.from(readTar(bytes)[0]?.data ?? []),
        Buffer.from(vector(`v2-package/${name}/out/_desc_.der`)),
      );
    });
  }

  test('pax headers with times are passed over; with a name or a size they count', () => {
    const times = member('././@PaxHeader', paxRecord('mtime', '1795378569.1115873'), 'x');
    const name = member('././@PaxHeader', Buffer.concat([paxRecord('path', 'main'), paxRecord('size', '11')]), 'x');
    const found = readPackage(
      archive(times, described(main, radio), name, member('m', main.data), times, member('radio', radio.data)),
    );
    assert.deepEqual(
      found.map((one) => one.name),
      ['main', 'radio'],
    );
  });
});

describe('descriptors', () => {
  test('fields that follow in a description are skipped, as devices do', () => {
    const fields = [der.utf8String('a'), der.octetString(Buffer.from('v')), der.integer(1), der.integer(5)];
    const bytes = der.sequence(der.integer(1), der.sequence(der.sequence(...fields, der.boolean(true))));
    assert.deepEqual(
      decodeDescriptor(bytes).map(({ name, size }) => ({ name, size })),
      [{ name: 'a', size: 5 }],
    );
  });

  const one = (...fields: Uint8Array[]) => der.sequence(der.integer(1), der.sequence(der.sequence(...fields)));
  const [id, data] = [der.utf8String('a'), der.octetString(Buffer.from('v'))];
  const refused: Record<string, [Uint8Array, RegExp]> = {
    'of no bytes': [new Uint8Array(), /Byte 0 .*SEQUENCE is missing/],
    'with another number of images': [
      der.sequence(der.integer(2), der.sequence()),
      /Byte 2 .*num-of-images is 2, 0 are described/,
    ],
    'with a size of vendor data that is not its size': [
      one(id, data, der.integer(2), der.integer(5)),
      /vendor-data-size is 2, vendor-data has 1 bytes/,
    ],
    'with a negative size': [one(id, data, der.integer(1), der.integer(-5)), /image-size is -5/],
    'with a size beyond any': [
      one(id, data, der.integer(1), der.integer(2n ** 70n)),
      /image-size is 1180591620717411303424/,
    ],
    'with a name that is not UTF-8': [
      one(der.encode(0x0c, Uint8Array.of(0xff)), data, der.integer(1), der.integer(5)),
      /id is not UTF-8/,
    ],
    'with something after its end': [Buffer.concat([encodeDescriptor([]), Uint8Array.of(0)]), /1 bytes too many/],
  };
  for (const [what, [bytes, reason]] of Object.entries(refused)) {
    test(`refused: one ${what}`, () => {
      assert.throws(
        () => decodeDescriptor(bytes),
        (error) => isMooringError(error) && error.code === 'package.descriptor.malformed' && reason.test(error.message),
      );
    });
  }
});

describe('packages that are not right', () => {
  const whole = writePackage(two());
  const at = (place: number, value: number) => {
    const bytes = whole.slice();
    bytes[place] = value;
    return bytes;
  };
  const link = tarHeader(Buffer.from('main'), 0, '0');
  link[156] = 0x32;
  link.set(Buffer.from(`${checksum(link).toString(8).padStart(6, '0')}\0 `), 148);

  const refused: Record<string, [bytes: Uint8Array, code: string, reason: RegExp]> = {
    'an empty file': [new Uint8Array(), 'package.not.tar', /header of a tar archive/],
    'another kind of file': [Buffer.alloc(2000, 'x'), 'package.not.tar', /header of a tar archive/],
    'an archive of nothing': [
      new Uint8Array(10240),
      'package.descriptor.malformed',
      /does not start with its descriptor/,
    ],
    'an archive of something else': [archive(member('a', main.data)), 'package.descriptor.malformed', /does not start/],
    'a header that was changed': [at(1024, 0x4d), 'package.malformed', /Byte 1024 .*checksum/],
    'an image that is cut off': [
      whole.subarray(0, 1540),
      'package.malformed',
      /Byte 1024 .*11 bytes is cut off: 4 are there/,
    ],
    'no end': [whole.subarray(0, 3072), 'package.malformed', /Byte 3072 .*ends without the two empty blocks/],
    'half an end': [whole.subarray(0, 3072 + 512), 'package.malformed', /ends after one empty block/],
    'something after the end': [at(10239, 1), 'package.malformed', /Byte 10239 .*follows the end/],
    'a link': [archive(described(main), link), 'package.malformed', /not a plain file/],
    'a pax header without sense': [
      archive(member('x', Buffer.from('99 path=a\n'), 'x'), described(main)),
      'package.malformed',
      /pax header/,
    ],
    'a pax size beyond the archive': [
      archive(member('x', paxRecord('size', '999999999999'), 'x'), described(main)),
      'package.malformed',
      /cut off/,
    ],
    'an image that is missing': [
      archive(described(main, radio), member('main', main.data)),
      'package.mismatch',
      /"radio" is described and not there/,
    ],
    'an image in another place': [
      archive(described(main, radio), member('radio', radio.data), member('main', main.data)),
      'package.mismatch',
      /"main" is not at its place/,
    ],
    'an image too many': [
      archive(described(main), member('main', main.data), member('radio', radio.data)),
      'package.mismatch',
      /"radio" is there and not described/,
    ],
    'an image of another size': [
      archive(described(main), member('main', Buffer.from('short'))),
      'package.mismatch',
      /"main" is described with 11 bytes and has 5/,
    ],
    'a name twice': [
      archive(described(main, main), member('main', main.data), member('main', main.data)),
      'package.mismatch',
      /"main" is described twice/,
    ],
  };
  for (const [what, [bytes, code, reason]] of Object.entries(refused)) {
    test(`refused: ${what}`, () => {
      assert.throws(
        () => readPackage(bytes),
        (error) => {
          assert.ok(isMooringError(error), String(error));
          assert.equal(error.code, code);
          assert.match(error.message, reason);
          return true;
        },
      );
    });
    test(`refused as well where it is read out of a file: ${what}`, async () => {
      await assert.rejects(openPackage(inMemory(bytes)), { code, message: reason });
    });
  }

  test('changed anywhere, a package is read or refused', () => {
    const edits = fc.array(fc.tuple(fc.nat(), fc.nat(255), fc.boolean()), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(edits, fc.boolean(), (changes, mended) => {
        const bytes = whole.slice(0, 4096);
        for (const [place, value, inContents] of changes) {
          // Mostly where something stands: the headers and the descriptor.
          bytes[inContents ? 512 + (place % 60) : place % bytes.length] = value;
        }
        for (const header of mended ? [0, 1024, 2048] : []) {
          bytes.set(Buffer.from(`${checksum(bytes.subarray(header)).toString(8).padStart(6, '0')}\0 `), header + 148);
        }
        try {
          readPackage(bytes);
        } catch (error) {
          assert.ok(isMooringError(error), String(error));
        }
      }),
      { numRuns },
    );
  });

  test('out of a file the same images come, and no more than a block of the package is read at a time', async () => {
    const contents = [image('main', 'x'.repeat(200_000)), image('radio', 'second', 'w')];
    const bytes = writePackage(contents, { alignment: 4096 });
    const reads: number[] = [];
    const source = inMemory(bytes);
    const found = await openPackage({
      size: bytes.length,
      read: async (position, length) => {
        reads.push(length);
        return await source.read(position, length);
      },
    });
    assert.deepEqual(
      found.map(({ name, vendorData, offset, size }) => [
        name,
        Buffer.from(vendorData).toString(),
        Buffer.from(bytes.subarray(offset, offset + size)).toString(),
      ]),
      [
        ['main', 'v', 'x'.repeat(200_000)],
        ['radio', 'w', 'second'],
      ],
    );
    assert.ok(Math.max(...reads) <= 65_536);
    assert.ok(reads.reduce((sum, length) => sum + length) < 20_000, 'the images themselves are not read');
  });

  test('a pax header or descriptor that would fill the memory is refused before it is read', async () => {
    const huge = Buffer.alloc(3 * 1024 * 1024, ' ');
    for (const [bytes, code] of [
      [archive(member('pax', huge, 'x')), 'package.malformed'],
      [archive(member('_desc_', huge)), 'package.descriptor.malformed'],
    ] as const) {
      const source = inMemory(bytes);
      const read = async (position: number, length: number) => {
        assert.ok(length <= 65_536);
        return await source.read(position, length);
      };
      await assert.rejects(openPackage({ size: bytes.length, read }), { code });
    }
  });
});
