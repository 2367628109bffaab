const days = ['Thu', 'Fri', 'Sat', 'Sun', 'Mon', 'Tue', 'Wed'];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const floor = (a: bigint, b: bigint): bigint => (a >= 0n ? a / b : -((b - 1n - a) / b));

const secondsPerDay = 86_400n;
/** The Gregorian calendar repeats after 400 years. */
const cycleYears = 400n;
const cycleDays = 146_097n;

/** `Mon Sep 30 10:56:04 2019`, UTC, for years far beyond those of a `Date`, which version numbers taken for times have. */
export function asctime(seconds: bigint): string {
  const day = floor(seconds, secondsPerDay);
  const cycle = floor(day, cycleDays);
  const date = new Date(Number((seconds - cycle * cycleDays * secondsPerDay) * 1000n));
  const year = BigInt(date.getUTCFullYear()) + cycle * cycleYears;
  const weekday = days[Number(day - floor(day, 7n) * 7n)];
  const time = date.toISOString().slice(-13, -5);
  return `${weekday} ${months[date.getUTCMonth()]} ${String(date.getUTCDate()).padStart(2)} ${time} ${year}`;
}
