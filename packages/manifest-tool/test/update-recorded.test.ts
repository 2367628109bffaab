// The recorded exchanges of the real tools with a service: ours sends the same requests and says the same.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { decodeManifest } from '@mooring/manifest';
import { type Io, runProgram } from '@mooring/terminal';
import { devTool } from '../src/dev-tool/program.ts';
import { runManifestTool } from '../src/run.ts';
import { Project } from './project.ts';
import { vectors } from './replay.ts';
import { hastyTimers, type RecordedRequest, refusal, UpdateServiceDouble } from './update-service.ts';

interface RecordedRun {
  argv: string[];
  rc: number;
  stdout: string;
  stderr: string;
  requests: RecordedRequest[];
}

/** Where ours does something else, and why. */
interface Difference {
  because: string[];
  /** Lines of ours that the old one has not. */
  more?: RegExp[];
  less?: RegExp[];
  /** Requests of ours that the old one does not make. */
  asks?: string[];
}

const endOfCertificate =
  /^\[\w+\] <time> - manifesttool\.v1\.create - The certificate in \S+ (ends on|is valid until) /;

const differences: Record<string, Difference> = {
  'v1-update-device': {
    because: [
      'the exit status tells what became of the device, so it is asked for',
      'a certificate of 90 days is named with its end',
    ],
    more: [endOfCertificate],
    asks: ['GET /v3/update-campaigns/cp1/statistics/'],
  },
  'v1-update-prepare': { because: ['a certificate of 90 days is named with its end'], more: [endOfCertificate] },
  'v1-unauthorized': {
    because: ['a sentence and a remedy in place of the headers of the answer'],
    less: [/^\(401\)|^Reason:|^HTTP response/],
    more: [/^The service at .* does not accept the API key\.$/, /CRITICAL.* Check that it is whole/],
  },
  'v2-unauthorized': {
    because: ['the remedy is told too'],
    more: [/^The service at .* does not accept the API key\. Check that it is whole/],
  },
};

const programs: Record<string, (argv: readonly string[], io: Io) => Promise<number>> = {
  'manifest-tool': (argv, io) => runManifestTool(argv, io, undefined, hastyTimers()),
  'manifest-dev-tool': (argv, io) => runProgram(devTool(hastyTimers()), argv, io),
};

/** Without what differs from run to run. */
const steady = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) =>
      line
        .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(,\d{3})?/, '<time>')
        .replace(/http:\/\/(<mock>|127\.0\.0\.1:\d+)/g, '<service>')
        .replace(/ \S+\/manifest$/, ' <tmp>/manifest'),
    );

/** The type that Python guesses from the name of a file, and the size of a manifest, which holds an address. */
const comparable = (request: RecordedRequest): RecordedRequest => ({
  ...request,
  ...(request.parts
    ? {
        parts: request.parts.map(({ headers, len, text }) => ({
          headers: headers.map((header) => header.replace('text/cache-manifest', 'application/octet-stream')),
          len: request.path.includes('manifests') && text === null ? 0 : len,
          text,
        })),
      }
    : {}),
});

/** When the run took place: the names have it. */
const timeOf = ({ requests }: RecordedRun): string => {
  const found = /(\d{4})[-_](\d\d)[-_](\d\d)[T-](\d\d)[:_](\d\d)[:_](\d\d)/.exec(JSON.stringify(requests));
  return found ? `${found[1]}-${found[2]}-${found[3]}T${found[4]}:${found[5]}:${found[6]}Z` : '2026-11-22T20:27:10Z';
};

const folder = join(vectors, 'cloud');
describe('recorded updates', { skip: existsSync(folder) ? false : `NOT RUN: there is no folder ${folder}` }, () => {
  for (const name of [
    'v1-update-device',
    'v1-update-prepare',
    'v1-unauthorized',
    'v2-update-wait',
    'v2-update-start',
    'v2-unauthorized',
  ]) {
    test(name, async (t) => {
      const { runs } = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as { runs: RecordedRun[] };
      const service = await UpdateServiceDouble.start(t);
      if (name.endsWith('unauthorized')) {
        const refused = refusal(401, 'mock refusal');
        service.instead.set('POST /v3/firmware-images', refused).set('POST /v3/firmware-images/', refused);
      }
      if (name.startsWith('v2')) service.states[0] = { state: 'scheduled', phase: 'starting' };
      service.image = {
        datafile_encryption: true,
        encrypted_datafile_checksum: 'ab'.repeat(32),
        encrypted_datafile_size: 2016,
      };
      const project = new Project(t);
      project.write('fw.bin', Buffer.alloc(2000, 7));
      const difference: Difference = differences[name] ?? { because: [] };
      for (const run of runs) {
        service.requests.length = 0;
        const argv = run.argv.map((word) => word.replace('http://<mock>', service.url));
        const ours = await project.run(argv.slice(1), {
          time: timeOf(run),
          program: programs[argv[0] as string] as (argv: readonly string[], io: Io) => Promise<number>,
        });
        const shown = `${ours.stdout}${ours.stderr}`;
        assert.equal(ours.status, run.rc, shown);
        if (run.requests.length === 0) continue;
        checkRequests(service, run, difference);
        for (const stream of ['stdout', 'stderr'] as const) checkLines(ours[stream], run[stream], difference);
        for (const more of difference.more ?? [])
          assert.ok(
            steady(shown).some((line) => more.test(line)),
            `${more}`,
          );
      }
      const manifest = service.files.get('manifest');
      if (!name.endsWith('unauthorized')) assert.ok(manifest && decodeManifest(manifest));
    });
  }

  function checkRequests(service: UpdateServiceDouble, run: RecordedRun, { asks = [] }: Difference): void {
    const line = ({ method, path }: RecordedRequest) => `${method} ${path}`;
    const mine = service.requests.filter((request) => !asks.includes(line(request)));
    assert.deepEqual(
      service.requests.filter((request) => asks.includes(line(request))).map(line),
      asks,
      'what is asked besides',
    );
    assert.deepEqual(mine.map(line), run.requests.map(line));
    for (const [index, request] of run.requests.entries()) {
      const own = comparable(mine[index] as RecordedRequest);
      // The PUT gives back what the service sent, and the answers of the recording are not known.
      if (request.method === 'PUT') {
        assert.deepEqual(own.json, {
          ...(service.requests.find(({ path, method }) => method === 'POST' && path.includes('campaigns'))
            ?.json as object),
          description: '',
          state: 'scheduled',
        });
        continue;
      }
      assert.deepEqual(own, comparable(request), line(request));
    }
  }

  function checkLines(ours: string, theirs: string, { more = [], less = [] }: Difference): void {
    assert.deepEqual(
      steady(ours).filter((text) => !more.some((pattern) => pattern.test(text))),
      steady(theirs)
        .filter((text) => !less.some((pattern) => pattern.test(text)))
        .map((text) => text.replace("{'$eq': 'x'}", "{'$eq': '0123456789abcdef'}")),
    );
  }
});
