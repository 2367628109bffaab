import { setTimeout as pause } from 'node:timers/promises';
import { CommandFailure, type DeviceCommand } from '../shell/job.ts';
import { readOptions } from '../shell/options.ts';

export const hostname: DeviceCommand = async ({ arguments: words, stdout, device }) => {
  if (words.length > 0 && words[0] !== '-s') throw new CommandFailure('the name is set by /config/user/hostname');
  await stdout.write(`${device.hostname}\n`);
  return 0;
};

export const uname: DeviceCommand = async ({ arguments: words, stdout, device }) => {
  const options = readOptions(words, 'asnrvmo');
  const facts = [
    ['s', 'Linux'],
    ['n', device.hostname],
    ['r', '4.14.112-mooring'],
    ['v', '#1 SMP PREEMPT'],
    ['m', 'armv7l'],
    ['o', 'GNU/Linux'],
  ] as const;
  const shown = facts.filter(
    ([letter]) => options.has('a') || options.has(letter) || (words.length === 0 && letter === 's'),
  );
  await stdout.write(`${shown.map(([, text]) => text).join(' ')}\n`);
  return 0;
};

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

export const date: DeviceCommand = async ({ arguments: words, stdout, device }) => {
  const now = device.clock.now();
  const two = (value: number) => String(value).padStart(2, '0');
  const values: Record<string, string> = {
    Y: String(now.getUTCFullYear()).padStart(4, '0'),
    m: two(now.getUTCMonth() + 1),
    d: two(now.getUTCDate()),
    H: two(now.getUTCHours()),
    M: two(now.getUTCMinutes()),
    S: two(now.getUTCSeconds()),
    s: String(Math.floor(now.getTime() / 1000)),
    a: days[now.getUTCDay()] as string,
    b: months[now.getUTCMonth()] as string,
    Z: 'UTC',
    z: '+0000',
    n: '\n',
    '%': '%',
  };
  values.F = `${values.Y}-${values.m}-${values.d}`;
  values.T = `${values.H}:${values.M}:${values.S}`;
  const format = words.find((word) => word.startsWith('+'))?.slice(1) ?? '%a %b %d %T %Z %Y';
  if (words.some((word) => !word.startsWith('+') && word !== '-u'))
    throw new CommandFailure('the clock is not set by hand here');
  await stdout.write(`${format.replace(/%(.)/g, (whole, letter: string) => values[letter] ?? whole)}\n`);
  return 0;
};

export const id: DeviceCommand = async ({ arguments: words, stdout }) => {
  const options = readOptions(words, 'ugnG');
  const text = options.has('n') ? 'root' : '0';
  await stdout.write(
    options.has('u') || options.has('g') || options.has('G') ? `${text}\n` : 'uid=0(root) gid=0(root) groups=0(root)\n',
  );
  return 0;
};

export const whoami: DeviceCommand = async ({ stdout }) => {
  await stdout.write('root\n');
  return 0;
};

export const sleep: DeviceCommand = async ({ arguments: words, signal }) => {
  let seconds = 0;
  if (words.length === 0) throw new CommandFailure('missing operand');
  for (const word of words) {
    const found = /^(\d{1,7}(?:\.\d{1,9})?)([smhd]?)$/.exec(word);
    if (!found) throw new CommandFailure(`invalid number '${word}'`);
    seconds += Number(found[1]) * ({ s: 1, m: 60, h: 3600, d: 86_400 }[found[2] || 's'] ?? 1);
  }
  // A timer beyond 2^31-1 ms would fire at once.
  for (let left = seconds * 1000; left > 0; left -= 2 ** 31 - 1)
    await pause(Math.min(left, 2 ** 31 - 1), undefined, { signal });
  return 0;
};

export const reboot: DeviceCommand = async ({ device }) => {
  device.reboot();
  return 0;
};

export const sync: DeviceCommand = async () => 0;

/** Only what this device has: its two units, without processes behind them. */
export const systemctl: DeviceCommand = async ({ arguments: words, stdout, stderr, device }) => {
  const options = readOptions(words, 'q', { quiet: 'q', 'no-pager': 'q' });
  const [verb, ...names] = options.operands;
  const { services } = device;
  const units = names.map((name) => name.replace(/\.(?:service|socket)$/, ''));
  let status = 0;
  for (const unit of units) {
    const active = services.isActive(unit);
    if (active === undefined) {
      await stderr.write(
        verb === 'status' || verb === 'is-active'
          ? `Unit ${unit}.service could not be found.\n`
          : `Failed to ${verb} ${unit}.service: Unit ${unit}.service not found.\n`,
      );
      status = verb === 'status' ? 4 : 5;
      continue;
    }
    if (verb === 'start' || verb === 'stop' || verb === 'restart' || verb === 'reload') {
      services.ask(verb, unit);
    } else if (verb === 'is-active') {
      if (!options.has('q')) await stdout.write(active ? 'active\n' : 'inactive\n');
      status = active ? status : 3;
    } else if (verb === 'status') {
      await stdout.write(
        `* ${unit}.service (on a virtual device)\n   Active: ${active ? 'active (running)' : 'inactive (dead)'}\n`,
      );
      status = active ? status : 3;
    } else {
      throw new CommandFailure(`Unknown operation ${verb}.`);
    }
  }
  if (units.length === 0) throw new CommandFailure('name an operation and a unit');
  return status;
};
