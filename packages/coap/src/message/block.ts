import type { Option } from './message.ts';
import { findOption, uintOption, uintValue } from './option-values.ts';

/** Value of a Block1 or Block2 option (RFC 7959 §2.2). */
export interface Block {
  readonly number: number;
  readonly more: boolean;
  /** 0 to 6 for blocks of 16 to 1024 bytes; 7 for any multiple of 1024 (BERT, RFC 8323 §6). */
  readonly sizeExponent: number;
}

export const bert = 7;
/** Block numbers have 20 bits. */
export const lastBlockNumber = 0xf_ffff;

/** Bytes per block number: with BERT, numbers count units of 1024 bytes. */
export const unitSize = (sizeExponent: number): number => 1 << (Math.min(sizeExponent, 6) + 4);

export const blockOffset = (block: Block): number => block.number * unitSize(block.sizeExponent);

/** The largest block of at most that many bytes. */
export function sizeExponentFor(bytes: number): number {
  let exponent = 6;
  while (exponent > 0 && unitSize(exponent) > bytes) exponent--;
  return exponent;
}

export const blockOption = (number: number, block: Block): Option =>
  uintOption(number, block.number * 16 + (block.more ? 8 : 0) + block.sizeExponent);

export function findBlock(options: readonly Option[], number: number): Block | undefined {
  const bytes = findOption(options, number);
  if (bytes === undefined || bytes.length > 3) return undefined;
  const value = uintValue(bytes);
  return { number: value >> 4, more: (value & 8) !== 0, sizeExponent: value & 7 };
}
