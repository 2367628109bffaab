// What `manifest-tool update` and `manifest-dev-tool update` do where something goes wrong.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, truncateSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { type Io, runProgram } from '@mooring/terminal';
import { devTool } from '../src/dev-tool/program.ts';
import { runManifestTool } from '../src/run.ts';
import { outcomeOf } from '../src/update/outcome.ts';
import { pythonFilter } from '../src/update/python-filter.ts';
import { type Call, type Outcome, Project, quiet } from './project.ts';
import { hastyTimers, refusal, UpdateServiceDouble } from './update-service.ts';

type Program = (argv: readonly string[], io: Io) => Promise<number>;
const tool: Program = (argv, io) => runManifestTool(argv, io, undefined, hastyTimers());
const dev: Program = (argv, io) => runProgram(devTool(hastyTimers()), argv, io);

const device = '0123456789abcdef';

class Bench {
  readonly service: UpdateServiceDouble;
  readonly project: Project;

  constructor(service: UpdateServiceDouble, project: Project) {
    this.service = service;
    this.project = project;
  }

  static async of(t: TestContext): Promise<Bench> {
    const bench = new Bench(await UpdateServiceDouble.start(t), new Project(t));
    bench.project.write('fw.bin', Buffer.alloc(2000, 7));
    const { url } = bench.service;
    assert.equal((await bench.project.run([...quiet, '-S', url, '-a', 'ak_1'])).status, 0);
    const init = ['init', '-a', 'ak_1', '-u', url, '--vendor-id', '1'.repeat(32), '--class-id', '2'.repeat(32)];
    assert.equal((await bench.project.run(init, { program: dev })).status, 0);
    return bench;
  }

  /** `update device -p fw.bin -D …` */
  update(more: readonly string[] = [], call: Call = {}): Promise<Outcome> {
    return this.project.run(['update', 'device', '-p', 'fw.bin', '-D', device, ...more], { program: tool, ...call });
  }

  devUpdate(more: readonly string[] = ['-w'], call: Call = {}): Promise<Outcome> {
    return this.project.run(['update', '-p', 'fw.bin', ...more], { program: dev, ...call });
  }

  get deleted(): string[] {
    return this.service.lines.filter((line) => line.startsWith('DELETE')).map((line) => line.split('/')[3] as string);
  }
}

const ended = (state = 'autostopped', autostop_reason = '') => ({ state, phase: 'stopped', autostop_reason });
const running = { state: 'publishing', phase: 'active' };

const ends = [
  {
    what: 'the device failed',
    counts: { fail: 1 },
    devices: [{ device_id: device, deployment_state: 'failed_connector_channel_update', reason: '' }],
    events: { fail: ['Signature verification failed'] },
    status: 3,
    says: /The update failed on the device: Signature verification failed/,
  },
  {
    what: 'the device was skipped, and the service says why',
    counts: { skipped: 1 },
    devices: [{ device_id: device, deployment_state: 'pending', reason: 'It takes schema 3 only.' }],
    status: 4,
    says: /The update was not sent to the device: It takes schema 3 only\./,
  },
  {
    what: 'the campaign ended without an answer of the device',
    counts: { info: 1 },
    devices: [{ device_id: device, deployment_state: 'pending' }],
    status: 5,
    says: /The device was not done in time: nothing was heard of it/,
  },
  {
    what: 'no device has the id',
    counts: {},
    devices: [],
    states: [running, ended('autostopped', 'No device matches the filter.')],
    status: 1,
    says: /the service does not say what became of the device/,
  },
  {
    what: 'no device has the id, and the service counts none',
    counts: { success: 0, fail: 0 },
    devices: [],
    states: [running, ended('autostopped', 'No device matches the filter.')],
    status: 6,
    says: /No device took part in the campaign: No device matches the filter\./,
  },
  {
    what: 'somebody stopped the campaign',
    counts: { info: 1 },
    devices: [{ device_id: device, deployment_state: 'pending' }],
    states: [running, ended('userstopped')],
    status: 6,
    says: /The campaign ended before the device was done: it ended in the state userstopped/,
  },
  {
    what: 'a service without statistics',
    counts: {},
    devices: [{ device_id: device, deployment_state: 'deployed' }],
    status: 0,
    says: /Finished in state: 'autostopped'/,
  },
];

for (const { what, counts, devices, events = {}, states, status, says } of ends) {
  test(`update device tells by its exit status: ${what}`, async (t) => {
    const bench = await Bench.of(t);
    bench.service.counts = counts as Record<string, number>;
    bench.service.devices = devices;
    bench.service.events = events as Record<string, string[]>;
    if (states) bench.service.states = states;
    const told = await bench.update();
    assert.equal(told.status, status, told.stderr);
    assert.match(told.stderr, says);
    assert.deepEqual(bench.deleted, ['cp1', 'mf1', 'fw1']);
  });
}

test('the same as JSON', async (t) => {
  const bench = await Bench.of(t);
  bench.service.counts = { fail: 1 };
  bench.service.events = { fail: ['Signature verification failed'] };
  const { status, stdout } = await bench.update(['--json']);
  assert.equal(status, 3);
  const { outcome, reasons, device: id, campaign, left } = JSON.parse(stdout);
  assert.deepEqual(
    { outcome, reasons, id, campaign: campaign.id, left },
    { outcome: 'failed', reasons: ['Signature verification failed'], id: device, campaign: 'cp1', left: [] },
  );
});

for (const [line, headline, removed] of [
  ['POST /v3/firmware-images/', 'Upload of payload failed with:', []],
  ['POST /v3/firmware-manifests/', 'Upload of manifest failed with:', ['fw1']],
  ['POST /v3/update-campaigns/', 'Campaign creation failed with:', ['mf1', 'fw1']],
  ['PUT /v3/update-campaigns/cp1/', 'Starting campaign failed with:', ['cp1', 'mf1', 'fw1']],
] as const) {
  test(`a failure in the middle leaves nothing behind: ${line}`, async (t) => {
    const bench = await Bench.of(t);
    bench.service.instead.set(line, refusal(400, 'Not like this'));
    const told = await bench.update();
    assert.equal(told.status, 1);
    assert.match(told.stderr, new RegExp(`${headline}\n.*Not like this`));
    assert.deepEqual(bench.deleted, removed);

    const json = await bench.update(['--json']);
    assert.match(JSON.parse(json.stdout).error.message, /Not like this/);
  });

  test(`with --no-cleanup it stays, and is named: ${line}`, async (t) => {
    const bench = await Bench.of(t);
    bench.service.instead.set(line, refusal(400, 'Not like this'));
    const told = await bench.update(['--no-cleanup']);
    assert.deepEqual(bench.deleted, []);
    for (const id of removed) assert.match(told.stderr, new RegExp(`Left on the service:.*${id}`, 's'));
  });
}

test('a manifest that cannot be made leaves no image behind', async (t) => {
  const bench = await Bench.of(t);
  bench.project.write('.update-certificates/default.key.pem', 'no key');
  for (const command of ['device', 'prepare']) {
    const argv = ['update', command, '-p', 'fw.bin', ...(command === 'device' ? ['-D', device] : [])];
    const told = await bench.project.run(argv, { program: tool });
    assert.equal(told.status, 1, told.stderr);
    assert.match(told.stderr, /manifesttool\.v1\.create/);
    assert.deepEqual(bench.deleted.splice(0), command === 'device' ? ['fw1'] : ['fw1', 'fw1']);
  }
});

test('a time-out stops the campaign before it is deleted', async (t) => {
  const bench = await Bench.of(t);
  bench.service.states = [running];
  bench.service.counts = { info: 1 };
  bench.service.devices = [{ device_id: device, deployment_state: 'pending', reason: 'It has not been heard of.' }];
  const told = await bench.update(['-T', '30']);
  assert.equal(told.status, 5);
  assert.match(told.stderr, /Campaign timed out[\s\S]*not done in time: It has not been heard of\./);
  const stop = bench.service.lines.indexOf('POST /v3/update-campaigns/cp1/stop/');
  assert.ok(stop > 0 && stop < bench.service.lines.indexOf('DELETE /v3/update-campaigns/cp1/'));
  const looks = bench.service.lines.filter((line) => line === 'GET /v3/update-campaigns/cp1/').length;
  assert.ok(looks >= 30 && looks <= 35, `${looks} looks in 30 s`);
});

test('what cannot be removed is named, and the rest is removed', async (t) => {
  const bench = await Bench.of(t);
  bench.service.instead.set('DELETE /v3/firmware-manifests/mf1/', refusal(409, 'A campaign uses it'));
  const told = await bench.update();
  assert.equal(told.status, 0, 'the device was updated');
  assert.match(
    told.stderr,
    /Cleanup of campaign failed\. Left on the service:\n {2}manifest mf1 \(.*\): A campaign uses it/,
  );
  assert.deepEqual(bench.deleted, ['cp1', 'mf1', 'fw1']);
});

test('a service that is away for a while is waited for', async (t) => {
  const bench = await Bench.of(t);
  let looks = 0;
  bench.service.instead.set('GET /v3/update-campaigns/cp1/', () => {
    looks++;
    if (looks === 2) return refusal(503, 'Restarting');
    return looks === 3 ? 'cut' : undefined;
  });
  const told = await bench.update();
  assert.equal(told.status, 0, told.stderr);
  assert.match(told.stderr, /WARNING.*failed \(HTTP 503\).*trying again/);
});

for (const [heard, left] of [
  ['POST /v3/firmware-images/', []],
  ['POST /v3/firmware-manifests/', ['fw1']],
  ['GET /v3/update-campaigns/cp1/', ['cp1', 'mf1', 'fw1']],
] as const) {
  test(`Ctrl-C removes what was made: ${heard}`, async (t) => {
    const bench = await Bench.of(t);
    bench.service.states = [running];
    let interrupted = false;
    bench.service.heard = (line) => {
      if (line !== heard || interrupted) return;
      interrupted = true;
      process.kill(process.pid, 'SIGINT');
    };
    bench.service.instead.set('POST /v3/firmware-images/', () => (interrupted ? 'silent' : undefined));
    const told = await bench.update();
    assert.equal(told.status, 130);
    assert.match(told.stderr, /User Aborted\.\.\. Cleaning up\.[\s\S]*Nothing is left on the service\./);
    assert.deepEqual(
      bench.deleted.filter((id) => left.includes(id as never)),
      left,
    );
  });
}

test('nothing is sent where names are too long, files are missing or no key is known', async (t) => {
  const bench = await Bench.of(t);
  const long = await bench.update(['-n', 'x'.repeat(130)]);
  assert.equal(long.status, 1);
  assert.match(
    long.stderr,
    /Payload name is too long\. Maximum length is 128\. \("x{128}" <- 128\. overflow -> "xx"\)/,
  );
  const missing = await bench.project.run(['update', 'device', '-p', 'no.bin', '-D', device], { program: tool });
  assert.equal(missing.status, 2);
  assert.match(
    missing.stderr,
    /update device: error: argument -p\/--payload: can't open 'no\.bin': \[Errno 2\] No such file or directory/,
  );
  bench.project.write('.mbed_cloud_config.json', JSON.stringify({ host: bench.service.url }));
  const keyless = await bench.update();
  assert.equal(keyless.status, 1);
  assert.match(keyless.stderr, /manifesttool\.update_device - API key is required to connect to the Update Service\./);
  assert.deepEqual(bench.service.lines, []);
});

test('service and key: the option, the environment, .env, then the files', async (t) => {
  const bench = await Bench.of(t);
  bench.project.write('.mbed_cloud_config.json', JSON.stringify({ host: 'http://127.0.0.1:1', api_key: 'ak_file' }));
  bench.project.write('.env', `MBED_CLOUD_SDK_HOST=${bench.service.url}\nMBED_CLOUD_SDK_API_KEY=ak_dotenv\n`);
  const used = async (more: string[], env: Record<string, string>) => {
    bench.service.requests.length = 0;
    await bench.update(more, { env });
    return bench.service.requests[0]?.auth;
  };
  assert.equal(await used([], {}), 'Bearer ak_dotenv');
  assert.equal(await used([], { MBED_CLOUD_SDK_API_KEY: 'ak_env' }), 'Bearer ak_env');
  assert.equal(await used(['-a', 'ak_option'], { MBED_CLOUD_SDK_API_KEY: 'ak_env' }), 'Bearer ak_option');
});

test('a service that is not there is told in a sentence', async (t) => {
  const bench = await Bench.of(t);
  const told = await bench.update([], { env: { MBED_CLOUD_SDK_HOST: 'http://127.0.0.1:1' } });
  assert.equal(told.status, 1);
  assert.match(
    told.stderr,
    /Upload of payload failed with:\nNothing listens at 127\.0\.0\.1:1[\s\S]*Failed to establish connection to API-GW\n.*Check API server URL "http:\/\/127\.0\.0\.1:1"/,
  );
});

test('on a terminal the progress shows bytes, campaign and device', async (t) => {
  const bench = await Bench.of(t);
  bench.service.counts = { info: 1 };
  bench.service.devices = [{ device_id: device, deployment_state: 'pending', reason: 'It downloads the image.' }];
  const { screen } = await bench.update([], { answers: [] });
  assert.match(screen, /\rUploading fw\.bin: 0\.0 of 0\.0 MB, 100 %/);
  assert.match(screen, /\rCampaign active · device: It downloads the image\. · 0:0\d/);
  assert.doesNotMatch(screen, /0:0\d\[/, 'lines of the log stand on lines of their own');
});

test('manifest-dev-tool: the summary, the reasons and the exit status', async (t) => {
  const bench = await Bench.of(t);
  bench.service.counts = { success: 2, fail: 1, skipped: 1 };
  bench.service.devices = [
    { device_id: 'good', deployment_state: 'deployed' },
    { device_id: 'bad', deployment_state: 'failed_connector_channel_update' },
  ];
  bench.service.events = { fail: ['Integrity check failed'], skipped: ['Has the image already'] };
  const told = await bench.devUpdate();
  assert.equal(told.status, 3, told.stdout);
  assert.match(
    told.stdout,
    / Successfully updated: {3}2\n.* Failed to update: {7}1\n.* Skipped: {16}1\n.* Pending: {16}0\n.* Total in this campaign: 4\n.*WARNING Reasons for failed updates:\n.*WARNING {2}Integrity check failed\n.*WARNING Reasons for skipped updates:\n.*WARNING {2}Has the image already\n.*ERROR Failed to update 1 devices: bad\n$/,
  );
  const statistics = bench.service.lines.slice(bench.service.lines.indexOf('GET /v3/update-campaigns/cp1/statistics'));
  assert.deepEqual(statistics.slice(0, 4), [
    'GET /v3/update-campaigns/cp1/statistics',
    'GET /v3/update-campaigns/cp1/campaign-device-metadata',
    'GET /v3/update-campaigns/cp1/statistics/fail/event_types',
    'GET /v3/update-campaigns/cp1/statistics/skipped/event_types',
  ]);
});

test('manifest-dev-tool: a campaign that does not start', async (t) => {
  const bench = await Bench.of(t);
  bench.service.states = [ended('autostopped', 'No device matches the filter.')];
  const told = await bench.devUpdate();
  assert.equal(told.status, 6);
  assert.match(
    told.stdout,
    /ERROR Campaign not started - check filter and campaign state\.\nReason: No device matches the filter\./,
  );
  assert.deepEqual(bench.deleted, ['cp1', 'mf1', 'fw1']);
});

test('manifest-dev-tool: a time-out', async (t) => {
  const bench = await Bench.of(t);
  bench.service.states = [running];
  bench.service.counts = { info: 1 };
  bench.service.devices = [{ device_id: 'slow', deployment_state: 'pending' }];
  const told = await bench.devUpdate(['-w', '-t', '30']);
  assert.equal(told.status, 5);
  assert.match(
    told.stdout,
    /ERROR Campaign timed out\n.*INFO Stopped campaign cp1\n[\s\S]*ERROR Not done in time: slow/,
  );
});

test('manifest-dev-tool: without -w a failure leaves nothing behind, and success leaves the campaign', async (t) => {
  const bench = await Bench.of(t);
  bench.service.instead.set('POST /v3/update-campaigns', refusal(400, 'Not like this'));
  const failed = await bench.devUpdate([]);
  assert.equal(failed.status, 1);
  assert.match(
    failed.stdout,
    /ERROR Failed to create campaign\n.*ERROR Not like this\n.*Cleaning up resources\.\.\.\n.*Deleted manifest ID: mf1\n.*Deleted FW image fw1\n.*ERROR 400 Client Error: Bad Request for url: http:\/\/127\.0\.0\.1:\d+\/v3\/update-campaigns\n$/,
  );
  assert.ok(!bench.project.files().some((file) => file.startsWith('manifest-')));
  bench.service.instead.clear();
  bench.service.requests.length = 0;
  assert.equal((await bench.devUpdate([])).status, 0);
  assert.deepEqual(bench.service.lines, [
    'POST /v3/firmware-images',
    'POST /v3/firmware-manifests',
    'POST /v3/update-campaigns',
  ]);
  assert.ok(bench.project.files().some((file) => /^manifest-2019_09_30-10_56_04-fw\.bin$/.test(file)));
});

test('manifest-dev-tool: update-v1, a short address, and encryption that the service cannot do', async (t) => {
  const bench = await Bench.of(t);
  assert.equal((await bench.project.run(['update-v1', '-p', 'fw.bin', '-s'], { program: dev })).status, 0);
  bench.service.image = { short_datafile: 'http://s/1' };
  assert.equal((await bench.devUpdate(['-u', '-s'])).status, 0);
  assert.ok(bench.service.files.get('manifest')?.includes('http://s/1'));
  const plain = await bench.devUpdate(['-e', '-s']);
  assert.equal(plain.status, 1);
  assert.match(plain.stdout, /Request to encrypt payload failed! Device Management doesn't support this feature\./);
  assert.equal(bench.deleted.at(-1), 'fw1');
});

test('manifest-dev-tool: a large image goes up in chunks, and the job is removed', async (t) => {
  const bench = await Bench.of(t);
  truncateSync(bench.project.at('fw.bin'), 100 * 1024 * 1024);
  assert.equal((await bench.devUpdate(['-s'])).status, 0);
  const chunks = bench.service.requests.filter(({ path }) => path.endsWith('/upload-jobs/job1/chunks'));
  assert.deepEqual(
    chunks.map(({ len }) => len),
    [...Array(16).fill(6 * 1024 * 1024), 4 * 1024 * 1024, 0],
  );
  assert.equal(chunks[0]?.content_type, 'binary/octet-stream');
  const lines = bench.service.lines.filter((line) => !line.endsWith('/chunks'));
  assert.deepEqual(lines.slice(0, 4), [
    'POST /v3/firmware-images/upload-jobs',
    'GET /v3/firmware-images/upload-jobs/job1',
    'GET /v3/firmware-images/fw1',
    'DELETE /v3/firmware-images/upload-jobs/job1',
  ]);
});

test('manifest-dev-tool: the smaller of the image and its delta is sent', async (t) => {
  const bench = await Bench.of(t);
  const old = randomBytes(20_000);
  bench.project.write('old.bin', old);
  bench.project.write('fw.bin', Buffer.concat([old.subarray(0, 12_000), Buffer.from('new'), old.subarray(12_000)]));
  const near = await bench.devUpdate(['-s', '--current-fw', 'old.bin']);
  assert.equal(near.status, 0, near.stdout);
  assert.match(near.stdout, /INFO A delta is sent: \d{3,4} of 20003 bytes\n[\s\S]*for delta update campaign/);
  assert.match(String(bench.service.files.get('image')?.subarray(0, 16)), /^PELION\/BSDIFF/);

  bench.project.write('fw.bin', randomBytes(20_000));
  const far = await bench.devUpdate(['-s', '--current-fw', 'old.bin']);
  assert.match(
    far.stdout,
    /The whole image is sent: the delta would have 2\d{4} of 20000 bytes\n[\s\S]*for full update campaign/,
  );
  assert.deepEqual(bench.service.files.get('image'), bench.project.bytes('fw.bin'));
  assert.equal((await bench.devUpdate(['-s', '--current-fw', 'none.bin'])).status, 1);
});

test('manifest-dev-tool without a service', async (t) => {
  const project = new Project(t);
  project.write('fw.bin', 'x');
  await project.run(['init'], { program: dev });
  const told = await project.run(['update', '-p', 'fw.bin', '-w'], { program: dev });
  assert.equal(told.status, 1);
  assert.match(told.stdout, /ERROR Izuma service configurations \(URL and access key\) are not provided\n$/);
  assert.ok(!existsSync(project.at('update.version.yaml')));
});

test('every mix of counts has one outcome, and the worst counts', () => {
  const end = { state: 'autostopped', timedOut: false };
  assert.equal(outcomeOf({ success: 5 }, end), 'updated');
  assert.equal(outcomeOf({ success: 5, skipped: 1 }, end), 'updated');
  assert.equal(outcomeOf({ success: 5, fail: 1, info: 1, skipped: 1 }, end), 'failed');
  assert.equal(outcomeOf({ success: 5, info: 1 }, end), 'unreached');
  assert.equal(outcomeOf({ success: 5, info: 1 }, { ...end, state: 'conflict' }), 'refused');
  assert.equal(outcomeOf({ skipped: 2 }, end), 'skipped');
  assert.equal(outcomeOf({ success: 1 }, { ...end, timedOut: true }), 'unreached');
  assert.equal(outcomeOf({}, end), 'unknown');
});

test('a device filter as Python shows it', () => {
  assert.equal(pythonFilter('id=x'), "{'id': {'$eq': 'x'}}");
  assert.equal(
    pythonFilter('a__gte=1&a__lte=2&state__in=x,y'),
    "{'a': {'$gte': '1', '$lte': '2'}, 'state': {'$in': 'x,y'}}",
  );
});
