/** Where manifest-dev-tool keeps what it made, below the current folder. */
export const usualCacheFolder = '.manifest-dev-tool';
