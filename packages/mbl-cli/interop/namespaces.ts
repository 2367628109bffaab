// Network namespaces, so that links, zones and faults are real and nobody else's network is touched. Needs root.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

export const checkout = dirname(dirname(dirname(import.meta.dirname)));

let made = 0;

export function must(program: string, words: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, words, { encoding: 'utf8', timeout: 30_000 });
  if (status !== 0) throw new Error(`${program} ${words.join(' ')}: ${error?.message ?? stderr}`);
  return stdout;
}

/** False where namespaces can be made; else the reason to skip, after a line that cannot be overlooked. */
export function cannot(programs: readonly string[]): string | false {
  const absent = programs.filter((program) => spawnSync('which', [program]).status !== 0);
  const name = `mbl-try-${process.pid}`;
  const allowed = spawnSync('ip', ['netns', 'add', name]).status === 0;
  if (allowed) spawnSync('ip', ['netns', 'del', name]);
  const reasons = [
    ...(absent.length > 0 ? [`not installed: ${absent.join(', ')}`] : []),
    ...(allowed ? [] : ['network namespaces cannot be made here (root is needed)']),
  ];
  if (reasons.length === 0) return false;
  if (process.env.CI) throw new Error(`NOT TESTED: ${reasons.join('; ')}`);
  process.stderr.write(`\n*** NOT TESTED: ${reasons.join('; ')}\n\n`);
  return `NOT TESTED: ${reasons.join('; ')}`;
}

/** A network of its own: interfaces, addresses and all ports. */
export class Namespace {
  readonly name: string;

  constructor(t: TestContext, role: string) {
    this.name = `mbl-${role}-${process.pid}-${++made}`;
    must('ip', ['netns', 'add', this.name]);
    t.after(() => void spawnSync('ip', ['netns', 'del', this.name]));
    // An address can be used at once: there is nobody to have a duplicate.
    must('ip', ['netns', 'exec', this.name, 'sysctl', '-q', '-w', 'net.ipv6.conf.default.accept_dad=0']);
    must('ip', ['-n', this.name, 'link', 'set', 'lo', 'up']);
  }

  /** A cable to another one. Each end gets its IPv6 link-local address, and no other. */
  link(here: string, other: Namespace, there: string): void {
    must('ip', ['-n', this.name, 'link', 'add', here, 'type', 'veth', 'peer', 'name', there, 'netns', other.name]);
    must('ip', ['-n', this.name, 'link', 'set', here, 'up']);
    must('ip', ['-n', other.name, 'link', 'set', there, 'up']);
  }

  unlink(name: string): void {
    must('ip', ['-n', this.name, 'link', 'del', name]);
  }

  address(name: string): string {
    const shown = must('ip', ['-n', this.name, '-j', 'addr', 'show', 'dev', name]);
    const [{ addr_info }] = JSON.parse(shown) as [{ addr_info: { local: string; scope: string }[] }];
    const found = addr_info.find(({ scope }) => scope === 'link');
    if (!found) throw new Error(`${name} has no link-local address`);
    return found.local;
  }

  start(t: TestContext, program: string, words: readonly string[]): Started {
    const child = spawn('ip', ['netns', 'exec', this.name, program, ...words], { stdio: 'pipe', detached: true });
    const started = new Started(child);
    t.after(() => started.kill());
    return started;
  }
}

/** A program in the background, with all that it starts. */
export class Started {
  readonly child: ChildProcess;
  output = '';

  constructor(child: ChildProcess) {
    this.child = child;
    const note = (chunk: Buffer) => {
      this.output += chunk.toString();
    };
    child.stdout?.on('data', note);
    child.stderr?.on('data', note);
  }

  async says(text: string | RegExp, limit = 20_000): Promise<void> {
    const isSaid = () => (typeof text === 'string' ? this.output.includes(text) : text.test(this.output));
    for (const end = Date.now() + limit; !isSaid(); await sleep(20)) {
      if (this.child.exitCode !== null || Date.now() > end) throw new Error(`"${text}" was never said: ${this.output}`);
    }
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const { child } = this;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    if (child.pid) process.kill(-child.pid, signal);
    await ended;
  }
}

export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mbl-interop-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export interface Ran {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** The Device Management service in a namespace, and a key of its account. */
export async function service(t: TestContext, where: Namespace): Promise<{ url: string; key: string; data: string }> {
  const data = join(await temporaryFolder(t), 'service');
  const main = join(checkout, 'packages/service/src/main.ts');
  const started = where.start(t, process.execPath, [main, 'serve', '--data', data, '--http', '127.0.0.1:0', '--json']);
  await started.says(/"url":"[^"]+"/, 60_000);
  const url = /"url":"([^"]+)"/.exec(started.output)?.[1] as string;
  const made = must(process.execPath, [main, 'api-key', 'create', 'interop', '--data', data]);
  return { url, key: made.trim(), data };
}

/** Our mbl-cli in a namespace, with a home of its own. */
export class Host extends Namespace {
  readonly home: string;

  constructor(t: TestContext, home: string) {
    super(t, 'host');
    this.home = home;
  }

  spawn(argv: readonly string[]): ChildProcess {
    const main = join(checkout, 'packages/mbl-cli/src/main.ts');
    const env = { PATH: process.env.PATH, HOME: this.home, NO_COLOR: '1' };
    const words = ['netns', 'exec', this.name, process.execPath, main, ...argv];
    return spawn('ip', words, { stdio: 'pipe', env, cwd: this.home, detached: true });
  }

  async run(argv: readonly string[], input = ''): Promise<Ran> {
    const child = this.spawn(argv);
    const texts = { stdout: '', stderr: '' };
    child.stdout?.on('data', (chunk: Buffer) => (texts.stdout += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (texts.stderr += chunk.toString()));
    child.stdin?.on('error', () => undefined).end(input);
    const limit = setTimeout(() => child.pid && process.kill(-child.pid, 'SIGKILL'), 60_000);
    const [status] = (await once(child, 'close')) as [number | null];
    clearTimeout(limit);
    return { status, ...texts };
  }

  async json(argv: readonly string[]): Promise<Record<string, unknown>> {
    const { stdout, stderr } = await this.run(['--json', ...argv]);
    try {
      return JSON.parse(stdout);
    } catch {
      throw new Error(`${argv.join(' ')} wrote no JSON: ${stdout}${stderr}`);
    }
  }
}
