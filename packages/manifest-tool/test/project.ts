import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import type { TestContext } from 'node:test';
import { exportPrivateKey, generateKeyPair, issueCertificate, type KeyPair, pemOf } from '@mooring/pki';
import { fixedClock } from '@mooring/platform';
import type { Io } from '@mooring/terminal';
import type { Disk } from '../src/disk.ts';
import { runManifestTool } from '../src/run.ts';

// The log has local time; the vectors were made in UTC.
process.env.TZ = 'UTC';

export const usualTime = '2019-09-30T10:56:04Z';

export interface Call {
  /** Piped into standard input. */
  stdin?: string | Uint8Array;
  /** Typed on a terminal, one per question; the input ends after the last. */
  answers?: readonly string[];
  time?: string;
  disk?: Disk;
  env?: Record<string, string>;
  /** Another program than manifest-tool. */
  program?: (argv: readonly string[], io: Io) => Promise<number>;
}

export interface Outcome {
  status: number;
  stdout: string;
  stderr: string;
  /** What a terminal showed, in order, with the echo of what was typed. */
  screen: string;
  /** Standard output, byte for byte. */
  output: Buffer;
}

/** A folder for one test, and manifest-tool in it, in this process. */
export class Project {
  readonly root: string;

  constructor(t: TestContext) {
    this.root = mkdtempSync(join(tmpdir(), 'manifest-tool-'));
    t.after(() => rmSync(this.root, { recursive: true, force: true }));
  }

  async run(argv: readonly string[], call: Call = {}): Promise<Outcome> {
    const outcome = { status: 0, stdout: '', stderr: '', screen: '', output: Buffer.alloc(0) };
    const typing = call.answers && [...call.answers];
    const stdin = typing ? new PassThrough() : Readable.from(call.stdin ? [Buffer.from(call.stdin)] : []);
    const sink = (name: 'stdout' | 'stderr') =>
      new Writable({
        decodeStrings: false,
        write: (chunk, _encoding, done) => {
          const text = String(chunk);
          if (name === 'stdout') outcome.output = Buffer.concat([outcome.output, Buffer.from(chunk)]);
          outcome[name] += text;
          outcome.screen += text;
          if (typing && name === 'stdout' && !/\n$|\u001b\[0m$/.test(text)) {
            const answer = typing.shift();
            if (answer === undefined) (stdin as PassThrough).end();
            else {
              outcome.screen += `${answer}\n`;
              (stdin as PassThrough).write(`${answer}\n`);
            }
          }
          done();
        },
      });
    const terminal = { isTTY: typing !== undefined };
    const io = {
      stdin: Object.assign(stdin, terminal),
      stdout: Object.assign(sink('stdout'), terminal),
      stderr: Object.assign(sink('stderr'), terminal),
      env: call.env ?? {},
      cwd: this.root,
      home: this.root,
      clock: fixedClock(call.time ?? usualTime),
    };
    const run = call.program ?? ((words: readonly string[], world: Io) => runManifestTool(words, world, call.disk));
    outcome.status = await run(argv, io);
    return outcome;
  }

  at(path: string): string {
    return join(this.root, path);
  }

  write(path: string, data: Uint8Array | string, mode = 0o644): void {
    writeFileSync(this.at(path), data, { mode });
  }

  bytes(path: string): Buffer {
    return readFileSync(this.at(path));
  }

  text(path: string): string {
    return readFileSync(this.at(path), 'utf8');
  }

  json(path: string): Record<string, unknown> {
    return JSON.parse(this.text(path));
  }

  mode(path: string): string {
    return (statSync(this.at(path)).mode & 0o777).toString(8);
  }

  /** All files below the folder, in order. */
  files(): string[] {
    return readdirSync(this.root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(this.root.length + 1))
      .sort();
  }

  /** Everything that is there, to compare with later. */
  snapshot(): Record<string, string> {
    return Object.fromEntries(this.files().map((path) => [path, this.bytes(path).toString('base64')]));
  }

  /** Writes NAME.der, NAME.pem and NAME.key.pem, and gives the pair back. */
  writeIdentity(name: string, { from = '2019-01-01', to = '2038-12-27' } = {}): KeyPair {
    const pair = generateKeyPair();
    const der = issueCertificate({
      subject: { commonName: name },
      subjectKey: pair.publicKey,
      key: pair.privateKey,
      notBefore: new Date(from),
      notAfter: new Date(to),
      profile: 'update',
    });
    this.write(`${name}.der`, der);
    this.write(`${name}.pem`, pemOf('CERTIFICATE', der));
    this.write(`${name}.key.pem`, exportPrivateKey(pair.privateKey, 'sec1', 'pem'), 0o600);
    return pair;
  }
}

export const quiet = ['init', '-d', 'arm.com', '-m', 'dev-device', '-q'] as const;
