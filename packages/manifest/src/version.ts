import { manifestErrors } from './errors.ts';

const pattern = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/;

/** Bit 55 tells a coded version from seconds since 1970. */
const marker = 1n << 55n;

export const isVersion = (text: string): boolean => pattern.test(text) && text !== '0.0.0';

/**
 * `1.2.3` as the integer that devices compare: bit 55, major ≪ 40, minor ≪ 16, patch.
 *
 * @throws MooringError `manifest.field.invalid`
 */
export function versionNumber(text: string): bigint {
  if (!isVersion(text)) {
    throw manifestErrors('manifest.field.invalid', {
      message: `"${text}" is not a version: three numbers from 0 to 999 with dots between them.`,
      next: 'Use a version from 0.0.1 to 999.999.999.',
    });
  }
  const [major = 0, minor = 0, patch = 0] = text.split('.').map(Number);
  return marker | BigInt(major * 2 ** 40 + minor * 2 ** 16 + patch);
}

/** The version that an integer codes, undefined where it is a time or a plain counter. */
export function versionText(value: bigint): string | undefined {
  if ((value & ~((1n << 50n) - 1n)) !== marker) return undefined;
  const text = `${(value >> 40n) & 0x3ffn}.${(value >> 16n) & 0xffffffn}.${value & 0xffffn}`;
  return isVersion(text) ? text : undefined;
}
