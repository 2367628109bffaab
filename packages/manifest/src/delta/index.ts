export { applyDelta, applyDeltaStream } from './apply.ts';
export { createDelta, type Delta, defaultBlockSize, maxBlockSize, maxImageSize, minBlockSize } from './create.ts';
export { deltaErrors } from './errors.ts';
export { type DeltaHeader, deltaHeaderSize, deltaMagic, looksLikeDelta, readDeltaHeader } from './header.ts';
export { lz4Decode } from './lz4-decode.ts';
export { type Lz4Block, lz4Bound, lz4Encode } from './lz4-encode.ts';
export type { PatchLimits } from './patch.ts';
