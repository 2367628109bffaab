export { type Clock, fixedClock, systemClock } from './clock.ts';
export { ClockJumps } from './clock-jumps.ts';
export { type ErrorCodes, type ErrorDetail, errorFamily, isMooringError, MooringError } from './errors.ts';
export { ensureDirectory, readFileIfExists, removeTree, syncFolder, writeFileAtomic } from './files.ts';
export { acquireLock, type Lock, withLock } from './lock.ts';
export { fileError, platformErrors } from './platform-errors.ts';
export { inMemory, openForReading, piecesOf, type RandomAccess } from './random-access.ts';
export { backgroundTimers, systemTimers, type Timer, type Timers } from './timers.ts';
