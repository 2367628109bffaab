export { type Clock, fixedClock, systemClock } from './clock.ts';
export { type ErrorCodes, type ErrorDetail, errorFamily, MooringError, isMooringError } from './errors.ts';
export { ensureDirectory, readFileIfExists, removeTree, syncFolder, writeFileAtomic } from './files.ts';
export { fileError, platformErrors } from './platform-errors.ts';
export { type Lock, acquireLock, withLock } from './lock.ts';
