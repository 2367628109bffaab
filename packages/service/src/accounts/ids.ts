import { randomBytes } from 'node:crypto';
import type { Clock } from '@mooring/platform';

interface Sequence {
  time: number;
  counter: number;
}

/** 48 bits for this process, where the contract's ids have a network address. */
const node = randomBytes(6).toString('hex');
const sequences = new WeakMap<Clock, Sequence>();

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

/**
 * A new id: 32 hex digits, of which 12 are the time in milliseconds, 12 this process and 8 a counter. Ids of one
 * process sort in the order in which they were made, also if the clock stands still or goes back.
 */
export function newId(clock: Clock): string {
  const now = clock.now().getTime();
  const last = sequences.get(clock);
  const next =
    last === undefined || now > last.time ? { time: now, counter: 0 } : { time: last.time, counter: last.counter + 1 };
  sequences.set(clock, next);
  return hex(next.time, 12) + node + hex(next.counter, 8);
}

/** Whether a text has the form of an id. */
export const isId = (text: string): boolean => /^[0-9a-f]{32}$/.test(text);
