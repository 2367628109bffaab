export {
  matchImages,
  openPackage,
  type PackagedImage,
  type PackageImage,
  readDescriptor,
  readPackage,
  writePackage,
} from './combined-package.ts';
export { decodeDescriptor, descriptorName, encodeDescriptor, type ImageDescriptor } from './descriptor.ts';
export { packageErrors } from './errors.ts';
export { looksLikeTar, readTar, readTarFrom, type TarEntry, type TarMember } from './tar-reader.ts';
