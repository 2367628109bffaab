// Loaded before a program: at its end, writes what it took to the file MOORING_BENCH_FOOTPRINT. Plain old JavaScript, for any Node.
'use strict';
const fs = require('node:fs');

/** Ranges and resident kB of a file of the form of /proc/self/smaps. */
function mappings(path) {
  const found = [];
  for (const line of fs.readFileSync(path, 'latin1').split('\n')) {
    const range = /^([0-9a-f]+)-([0-9a-f]+) /.exec(line);
    if (range) found.push({ start: Number.parseInt(range[1], 16), end: Number.parseInt(range[2], 16), resident: 0 });
    const resident = /^Rss: +(\d+) kB/.exec(line);
    if (resident) found[found.length - 1].resident = Number(resident[1]);
  }
  return found;
}

process.on('exit', () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  // In an emulated processor `maps` has what the program sees, and `smaps` that of the emulator around it as well.
  const own = mappings('/proc/self/maps');
  const resident = mappings('/proc/self/smaps')
    .filter(({ start, end }) => own.some((each) => start < each.end && end > each.start))
    .reduce((sum, each) => sum + each.resident, 0);
  const taken = { cpu: (userCPUTime + systemCPUTime) / 1e6, peak: maxRSS, resident };
  fs.writeFileSync(process.env.MOORING_BENCH_FOOTPRINT, JSON.stringify(taken));
});
