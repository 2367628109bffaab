import zlib from 'node:zlib';
import type { Software } from './software.ts';

/** `arm_uc_firmware_details_t` as MBL's client keeps it in files. */
const magic = 0x5a51b3d4;
const headerVersion = 2;
export const firmwareHeaderSize = 112;
const signedSize = firmwareHeaderSize - 4;

/**
 * The header of MBL's saved firmware: magic, header version, version, size, digest in a field of 64 bytes, campaign,
 * signature size, CRC-32 of all before. Big endian. Without a signature: the manifest has it.
 */
export function encodeFirmwareHeader({ version, digest, size }: Software): Uint8Array {
  const bytes = Buffer.alloc(firmwareHeaderSize);
  bytes.writeUInt32BE(magic, 0);
  bytes.writeUInt32BE(headerVersion, 4);
  bytes.writeBigUInt64BE(version, 8);
  bytes.writeBigUInt64BE(BigInt(size), 16);
  bytes.set(Buffer.from(digest, 'hex').subarray(0, 32), 24);
  bytes.writeUInt32BE(checksum(bytes.subarray(0, signedSize)), signedSize);
  return new Uint8Array(bytes);
}

/** Undefined where the bytes are no such header. What follows it is not looked at. */
export function decodeFirmwareHeader(data: Uint8Array): Software | undefined {
  if (data.length < firmwareHeaderSize) return undefined;
  const bytes = Buffer.from(data.subarray(0, firmwareHeaderSize));
  const isOne = bytes.readUInt32BE(0) === magic && bytes.readUInt32BE(4) === headerVersion;
  if (!isOne || checksum(bytes.subarray(0, signedSize)) !== bytes.readUInt32BE(signedSize)) return undefined;
  const size = Number(bytes.readBigUInt64BE(16));
  if (!Number.isSafeInteger(size) || bytes.subarray(56, 88).some((byte) => byte !== 0)) return undefined;
  return { version: bytes.readBigUInt64BE(8), digest: bytes.subarray(24, 56).toString('hex'), size };
}

const table = Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** CRC-32 of zlib, which Node has from 20.15 on. */
export function checksum(bytes: Uint8Array): number {
  if (typeof zlib.crc32 === 'function') return zlib.crc32(bytes);
  let value = 0xffffffff;
  for (const byte of bytes) value = (table[(value ^ byte) & 0xff] as number) ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}
