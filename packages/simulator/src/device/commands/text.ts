import { constants } from 'node:fs';
import { isSystemError, reasonOf } from '../root/errno.ts';
import type { RootFile } from '../root/root-file.ts';
import { ByteReader } from '../shell/byte-reader.ts';
import { CommandFailure, type DeviceCommand, type Job } from '../shell/job.ts';
import { readOptions } from '../shell/options.ts';
import type { Source } from '../shell/pipe.ts';

/** Gives each named file (or standard input) to `work`; those that cannot be read are named on stderr. */
async function forEachInput(
  job: Job,
  operands: readonly string[],
  work: (source: Source, name: string) => Promise<void>,
): Promise<number> {
  let status = 0;
  for (const name of operands.length > 0 ? operands : ['-']) {
    if (name === '-') {
      await work(job.stdin, '-');
      continue;
    }
    let file: RootFile | undefined;
    try {
      file = await job.device.root.open(name, job.shell.folder, constants.O_RDONLY);
      const open = file;
      const read = async () => {
        job.signal.throwIfAborted();
        const chunk = await open.read(64 * 1024);
        return chunk.length === 0 ? null : chunk;
      };
      await work({ read }, name);
    } catch (error) {
      if (!isSystemError(error)) throw error;
      status = 1;
      await job.stderr.write(`${job.name}: ${name}: ${reasonOf(error)}\n`);
    } finally {
      await file?.close();
    }
  }
  return status;
}

export const cat: DeviceCommand = async (job) => {
  const { operands } = readOptions(job.arguments, 'u');
  return forEachInput(job, operands, async (source) => {
    for (let chunk = await source.read(); chunk !== null; chunk = await source.read()) await job.stdout.write(chunk);
  });
};

export const echo: DeviceCommand = async ({ arguments: words, stdout }) => {
  const flags = /^-[neE]+$/;
  const rest = [...words];
  let line = true;
  let escapes = false;
  while (rest[0] !== undefined && flags.test(rest[0])) {
    const flag = rest.shift() as string;
    if (flag.includes('n')) line = false;
    escapes = flag.includes('e') ? true : flag.includes('E') ? false : escapes;
  }
  const text = escapes ? withEscapes(rest.join(' ')) : rest.join(' ');
  await stdout.write(`${text}${line ? '\n' : ''}`);
  return 0;
};

function withEscapes(text: string): string {
  const known: Record<string, string> = { n: '\n', t: '\t', r: '\r', '\\': '\\', a: '\x07', b: '\b' };
  return text.replace(/\\(?:([ntr\\ab])|(0?[0-7]{1,3})|x([0-9a-fA-F]{1,2}))/g, (_, letter, octal, hex) => {
    if (letter) return known[letter] as string;
    return String.fromCharCode(octal ? Number.parseInt(octal, 8) & 0xff : Number.parseInt(hex, 16));
  });
}

/** `%s`, `%d` and the escapes, over and over as long as there are arguments. */
export const printf: DeviceCommand = async ({ arguments: [format, ...values], stdout }) => {
  if (format === undefined) throw new CommandFailure('missing operand');
  const template = withEscapes(format);
  const takes = /%[sd]/.test(template);
  let text = '';
  do {
    text += template.replace(/%([sd%])/g, (_, kind: string) => {
      if (kind === '%') return '%';
      const value = values.shift() ?? '';
      return kind === 'd' ? String(Number.parseInt(value, 10) || 0) : value;
    });
  } while (takes && values.length > 0);
  await stdout.write(text);
  return 0;
};

function countOf(job: Job, usual: number): { count: number; bytes: boolean; operands: string[]; from: boolean } {
  // `-5` is an old way to write `-n 5`.
  const words = job.arguments.map((word) => (/^-\d+$/.test(word) ? `-n${word.slice(1)}` : word));
  const options = readOptions(words, 'n:c:qfF');
  const text = options.value('c') ?? options.value('n');
  if (text !== undefined && !/^\+?\d{1,12}$/.test(text)) throw new CommandFailure(`invalid number '${text}'`);
  return {
    count: text === undefined ? usual : Number(text),
    from: text?.startsWith('+') ?? false,
    bytes: options.has('c'),
    operands: options.operands,
  };
}

export const head: DeviceCommand = async (job) => {
  const { count, bytes, operands } = countOf(job, 10);
  return forEachInput(job, operands, async (source, name) => {
    if (operands.length > 1) await job.stdout.write(`==> ${name} <==\n`);
    const reader = new ByteReader(source);
    let left = count;
    while (left > 0) {
      const part = bytes ? await reader.read(left) : await reader.line();
      if (part === null) return;
      await job.stdout.write(bytes ? part : Buffer.concat([part, Buffer.from('\n')]));
      left -= bytes ? part.length : 1;
    }
  });
};

export const tail: DeviceCommand = async (job) => {
  const { count, bytes, operands, from } = countOf(job, 10);
  return forEachInput(job, operands, async (source, name) => {
    if (operands.length > 1) await job.stdout.write(`==> ${name} <==\n`);
    const data = await new ByteReader(source).all();
    if (bytes) {
      await job.stdout.write(data.subarray(from ? count - 1 : Math.max(0, data.length - count)));
      return;
    }
    const lines = data.toString('latin1').split(/(?<=\n)/);
    const kept = from ? lines.slice(Math.max(0, count - 1)) : count === 0 ? [] : lines.slice(-count);
    await job.stdout.write(Buffer.from(kept.join(''), 'latin1'));
  });
};

export const grep: DeviceCommand = async (job) => {
  const options = readOptions(job.arguments, 'ivqcnFEhHle:');
  const operands = [...options.operands];
  const pattern = options.value('e') ?? operands.shift();
  if (pattern === undefined) throw new CommandFailure('missing pattern', 2);
  const matches = matcher(pattern, options.has('F'), options.has('E'), options.has('i'));
  const many = (operands.length > 1 || options.has('H')) && !options.has('h');
  let found = 0;
  const status = await forEachInput(job, operands, async (source, name) => {
    const reader = new ByteReader(source);
    let count = 0;
    let number = 0;
    for (let line = await reader.line(); line !== null; line = await reader.line()) {
      number++;
      const text = line.toString('utf8');
      if (matches(text) === options.has('v')) continue;
      count++;
      if (options.has('q') || options.has('c') || options.has('l')) continue;
      await job.stdout.write(`${many ? `${name}:` : ''}${options.has('n') ? `${number}:` : ''}${text}\n`);
    }
    found += count;
    if (options.has('c')) await job.stdout.write(`${many ? `${name}:` : ''}${count}\n`);
    if (options.has('l') && count > 0) await job.stdout.write(`${name}\n`);
  });
  if (status !== 0 && !(options.has('q') && found > 0)) return 2;
  return found > 0 ? 0 : 1;
};

/**
 * A fixed text, with `^` and `$` at its ends and `.*` and `.` inside: what scripts on devices look for. Matched part
 * by part, so that no pattern takes longer than pattern × line.
 */
function matcher(pattern: string, fixed: boolean, extended: boolean, ignoreCase: boolean): (line: string) => boolean {
  const fold = (text: string) => (ignoreCase ? text.toLowerCase() : text);
  if (fixed) return (line) => fold(line).includes(fold(pattern));
  const alternatives = pattern.split(extended ? '|' : '\\|').map((text) => alternative(fold(text), extended));
  return (line) => alternatives.some((matches) => matches(fold(line)));
}

function alternative(pattern: string, extended: boolean): (line: string) => boolean {
  const start = pattern.startsWith('^');
  const end = pattern.endsWith('$') && !pattern.endsWith('\\$');
  const body = pattern.slice(start ? 1 : 0, end ? -1 : undefined);
  const pieces: (string | null)[][] = [[]];
  for (let at = 0; at < body.length; at++) {
    const letter = body[at] as string;
    if (letter === '.' && body[at + 1] === '*') {
      pieces.push([]);
      at++;
    } else if (letter === '.') pieces.at(-1)?.push(null);
    else if (letter === '\\' && at + 1 < body.length) pieces.at(-1)?.push(body[++at] as string);
    else if ((extended ? '*+?[(){}' : '*[').includes(letter)) {
      throw new CommandFailure(`"${letter}" in a pattern is not in this grep; -F looks for a fixed text`, 2);
    } else pieces.at(-1)?.push(letter);
  }
  return (line) => {
    let from = 0;
    for (const [index, piece] of pieces.entries()) {
      const last = index === pieces.length - 1;
      const fits = (at: number) =>
        piece.every((letter, offset) => (letter === null ? at + offset < line.length : line[at + offset] === letter));
      let at = last && end ? Math.max(from, line.length - piece.length) : from;
      const anchored = (index === 0 && start) || (last && end);
      if (index === 0 && start && last && end && piece.length !== line.length) return false;
      if (index === 0 && start && !(last && end)) at = 0;
      if (anchored) {
        if (at + piece.length > line.length || !fits(at)) return false;
      } else {
        while (at + piece.length <= line.length && !fits(at)) at++;
        if (at + piece.length > line.length) return false;
      }
      from = at + piece.length;
    }
    return true;
  };
}

export const tee: DeviceCommand = async (job) => {
  const options = readOptions(job.arguments, 'ai');
  const flags = constants.O_WRONLY | constants.O_CREAT | (options.has('a') ? constants.O_APPEND : constants.O_TRUNC);
  const files: RootFile[] = [];
  try {
    for (const name of options.operands) {
      files.push(await job.device.root.open(name, job.shell.folder, flags, 0o666 & ~job.shell.mask));
    }
    for (let chunk = await job.stdin.read(); chunk !== null; chunk = await job.stdin.read()) {
      for (const file of files) await file.append(chunk);
      await job.stdout.write(chunk);
    }
    return 0;
  } finally {
    for (const file of files) await file.close();
  }
};

export const wc: DeviceCommand = async (job) => {
  const options = readOptions(job.arguments, 'lwc');
  const all = !options.has('l') && !options.has('w') && !options.has('c');
  return forEachInput(job, options.operands, async (source, name) => {
    const data = await new ByteReader(source).all();
    const counts = [
      ...(all || options.has('l') ? [data.filter((byte) => byte === 0x0a).length] : []),
      ...(all || options.has('w') ? [data.toString('latin1').split(/\s+/).filter(Boolean).length] : []),
      ...(all || options.has('c') ? [data.length] : []),
    ];
    await job.stdout.write(`${counts.join(' ')}${name === '-' ? '' : ` ${name}`}\n`);
  });
};
