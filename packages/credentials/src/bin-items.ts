import type { CVariable } from './c-source.ts';

/** The content of one file `NAME.bin`, as it goes to the device. */
export interface BinItem {
  /** Name of the C variable, without .bin. */
  name: string;
  /** Texts without terminator, numbers as 4 bytes little endian. */
  data: Uint8Array;
}

/** One item for each variable of the family, in the order of the file. */
export const binItems = (variables: readonly CVariable[], prefix: string): BinItem[] =>
  variables.filter(({ name }) => name.startsWith(prefix)).map(({ name, value }) => ({ name, data: value }));
