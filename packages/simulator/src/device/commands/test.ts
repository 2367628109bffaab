import type { Stats } from 'node:fs';
import { CommandFailure, type DeviceCommand, type Job } from '../shell/job.ts';

/** `test EXPRESSION` and `[ EXPRESSION ]` (POSIX, without arithmetic inside): 0 true, 1 false, 2 not understood. */
export const test: DeviceCommand = async (job) => {
  const words = [...job.arguments];
  if (job.name === '[' && words.pop() !== ']') throw new CommandFailure('missing ]', 2);
  const result = await disjunction(job, words);
  if (words.length > 0) throw new CommandFailure(`${words[0]}: unexpected operator`, 2);
  return result ? 0 : 1;
};

async function disjunction(job: Job, words: string[]): Promise<boolean> {
  let result = await conjunction(job, words);
  while (words[0] === '-o') {
    words.shift();
    const next = await conjunction(job, words);
    result = result || next;
  }
  return result;
}

async function conjunction(job: Job, words: string[]): Promise<boolean> {
  let result = await term(job, words);
  while (words[0] === '-a') {
    words.shift();
    const next = await term(job, words);
    result = result && next;
  }
  return result;
}

const comparisons: Readonly<Record<string, (left: string, right: string) => boolean>> = {
  '=': (left, right) => left === right,
  '==': (left, right) => left === right,
  '!=': (left, right) => left !== right,
  '-eq': (left, right) => numberOf(left) === numberOf(right),
  '-ne': (left, right) => numberOf(left) !== numberOf(right),
  '-lt': (left, right) => numberOf(left) < numberOf(right),
  '-le': (left, right) => numberOf(left) <= numberOf(right),
  '-gt': (left, right) => numberOf(left) > numberOf(right),
  '-ge': (left, right) => numberOf(left) >= numberOf(right),
};

const questions: Readonly<Record<string, (stats: Stats) => boolean>> = {
  e: () => true,
  f: (stats) => stats.isFile(),
  d: (stats) => stats.isDirectory(),
  s: (stats) => stats.size > 0,
  r: () => true,
  w: () => true,
  x: (stats) => stats.isDirectory() || (stats.mode & 0o111) !== 0,
};

async function term(job: Job, words: string[]): Promise<boolean> {
  const first = words.shift();
  if (first === undefined) return false;
  const compare = Object.hasOwn(comparisons, words[0] ?? '') ? comparisons[words[0] as string] : undefined;
  if (compare && words.length > 1) {
    words.shift();
    return compare(first, words.shift() as string);
  }
  if (first === '!' && words.length > 0) return !(await term(job, words));
  if (/^-[nz]$/.test(first) && words.length > 0) return (words.shift() === '') === (first === '-z');
  const letter = /^-([a-zL])$/.exec(first)?.[1];
  if (letter === undefined || words.length === 0) return first !== '';
  const { root } = job.device;
  if (letter === 'h' || letter === 'L') {
    const path = words.shift() as string;
    return root.stat(path, job.shell.folder, 'keep').then(
      (stats) => stats.isSymbolicLink(),
      () => false,
    );
  }
  const ask = Object.hasOwn(questions, letter) ? questions[letter] : undefined;
  if (!ask) throw new CommandFailure(`${first}: unknown operand`, 2);
  const path = words.shift() as string;
  return root.stat(path, job.shell.folder).then(ask, () => false);
}

function numberOf(text: string): number {
  if (!/^\s*[+-]?\d{1,15}\s*$/.test(text)) throw new CommandFailure(`${text}: bad number`, 2);
  return Number(text);
}
