export { type Control, formatControl, parseControl } from './application/control.ts';
export { type Ipk, openIpk, writeIpk } from './application/ipk.ts';
export { type ArMember, readAr, writeAr } from './archive/ar.ts';
export { byteSum, type CpioInput, type CpioMember, readCpio, writeCpio } from './archive/cpio.ts';
export { bareName, memberPath } from './archive/member-name.ts';
export { readTar, type TarEntry } from './archive/tar-reader.ts';
export { type TarInput, writeTar } from './archive/tar-writer.ts';
export { ByteReader, type ByteSource, collect } from './byte-reader.ts';
export { type CompressionName, compressionOf, pack, unpack } from './compression/compression.ts';
export {
  type CreatedPayload,
  createPayload,
  formatOfMbl,
  type PayloadFormat,
  type PayloadInput,
} from './create/create-payload.ts';
export { payloadErrors } from './errors.ts';
export {
  type Description,
  descriptionName,
  descriptionSignatureName,
  formatDescription,
  type ImageDescription,
  parseDescription,
} from './image/description.ts';
export { type ConfigGroup, type ConfigValue, parseLibconfig } from './image/libconfig.ts';
export { openSwu, type SwuImage } from './image/swu.ts';
