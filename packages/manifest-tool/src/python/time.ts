const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

/** `Mon Sep 30 10:56:04 2019`, local time, as C's and Python's `ctime` write it; beyond JavaScript's dates: a year. */
export function ctime(seconds: number | bigint): string {
  const date = new Date(Number(seconds) * 1000);
  if (Number.isNaN(date.getTime())) return `beyond the year ${seconds < 0 ? '-271821' : '275760'}`;
  const two = (value: number) => String(value).padStart(2, '0');
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
  return `${days[date.getDay()]} ${months[date.getMonth()]} ${String(date.getDate()).padStart(2)} ${clock} ${date.getFullYear()}`;
}

/** The second of the release of the first manifest-tool, before which no manifest was made: local time, as it was. */
export const firstRelease = (): number => new Date(2016, 10, 22).getTime() / 1000;
