import { ByteReader, type ByteSource } from '../byte-reader.ts';
import { bareName } from './member-name.ts';

const magic = '!<arch>\n';
const headerSize = 60;

export interface ArMember {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Once; what is not read is skipped. */
  readonly content: AsyncIterable<Uint8Array>;
}

/** Short names only, with or without the final slash of GNU's ar. */
function nameOf(field: string): string {
  const name = field.trimEnd();
  return name.endsWith('/') && name.length > 1 ? name.slice(0, -1) : name;
}

/**
 * The members of an `ar` archive, as an `.ipk` or `.deb` is one.
 *
 * @throws MooringError `payload.malformed`, `payload.unsafe`
 */
export async function* readAr(source: ByteSource, what: string): AsyncGenerator<ArMember, void, undefined> {
  const reader = new ByteReader(source, what);
  const names = new Set<string>();
  try {
    const first = Buffer.from(await reader.exactly(magic.length, 'its first line')).toString('latin1');
    if (first !== magic) throw reader.malformed('it is no ar archive', 0);
    for (;;) {
      const start = reader.offset;
      const begin = await reader.some(1);
      if (begin.length === 0) return;
      // `some` may hand out a view that the next read replaces.
      const head = Buffer.from(begin);
      const header = Buffer.concat([head, await reader.exactly(headerSize - 1, 'the header of a member')]).toString(
        'latin1',
      );
      const digits = /^([0-9]{1,10}) *$/.exec(header.slice(48, 58));
      if (header.slice(58) !== '`\n' || !digits) throw reader.malformed('a header of a member without sense', start);
      const name = bareName(what, nameOf(header.slice(0, 16)));
      if (names.has(name)) throw reader.malformed(`${JSON.stringify(name)} is there twice`, start);
      names.add(name);
      const size = Number(digits[1]);
      const from = reader.offset;
      yield { name, size, content: reader.pieces(size, name) };
      await reader.skip(from + size - reader.offset, name);
      // The last one may lack its filler.
      if (size % 2 === 1) await reader.some(1);
    }
  } finally {
    await reader.close();
  }
}

/** An `ar` archive with no time or owner of this machine in it. Names of at most 15 letters. */
export function writeAr(members: readonly { readonly name: string; readonly data: Uint8Array }[]): Uint8Array {
  const parts = members.flatMap(({ name, data }) => {
    const fields = [
      name.padEnd(16),
      '0'.padEnd(12),
      '0'.padEnd(6),
      '0'.padEnd(6),
      '100644'.padEnd(8),
      `${data.length}`.padEnd(10),
    ];
    return [Buffer.from(`${fields.join('')}\`\n`, 'latin1'), data, Buffer.from(data.length % 2 === 1 ? '\n' : '')];
  });
  return new Uint8Array(Buffer.concat([Buffer.from(magic, 'latin1'), ...parts]));
}
