import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { isMooringError, systemClock } from '@mooring/platform';
import { Background } from './background.ts';
import { failed, quoted, type Shell } from './command.ts';
import { environmentOf } from './environment.ts';
import { freePorts } from './free-ports.ts';
import { makeRunFolder, type RunFolder, removeRunFolder } from './run-folder.ts';
import { type DeviceReady, firstDevice, type ServiceReady } from './steps.ts';
import { Transcript } from './transcript.ts';

const usage = `usage: npm run quickstart [-- [--once] [--keep]]

Starts the service and a virtual MBL device on this machine, then provisions the device with the real commands, one
after the other, as the first page of the manual does. Everything lies in a folder of its own in .quickstart below
this checkout; your own ~/.mbl-store and ~/.mbl-dev.json are not touched. No root, nothing beyond the loopback
interface. Several at once do not disturb each other.

Stays up until Ctrl-C, so that you can go on by hand.

options:
  --once      end after the last step; exit status 0 only if every step was verified
  --keep      with --once, leave the folder
  -h, --help  show this help and end

exit status: 0 all verified, 1 a step failed (the folder stays, with the logs), 2 wrong usage, 130 ended by Ctrl-C
`;

const checkout = fileURLToPath(new URL('../../../..', import.meta.url)).replace(/\/$/, '');

interface Options {
  once: boolean;
  keep: boolean;
}

async function main(words: string[]): Promise<number> {
  let options: Options & { help: boolean };
  try {
    options = parseArgs({
      args: words,
      options: {
        once: { type: 'boolean', default: false },
        keep: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${usage}`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(usage);
    return 0;
  }
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interruption.abort());
  // Output that nobody reads any more is no reason to leave programs behind.
  process.stdout.on('error', () => interruption.abort());
  return quickStart(options, new Transcript(process.stdout), interruption.signal);
}

async function quickStart(options: Options, transcript: Transcript, signal: AbortSignal): Promise<number> {
  const started = performance.now();
  const folder = await makeRunFolder(checkout, systemClock.now());
  const background: Background<unknown>[] = [];
  // Ends what still runs, whichever way this ends.
  const over = new AbortController();
  let verified = false;
  try {
    const env = environmentOf(folder, checkout, process.env);
    const any = AbortSignal.any([signal, over.signal]);
    const shell: Shell = { checkout, cwd: folder.project, env, transcript, signal: any };
    introduce(folder, transcript);
    const service = await startService(shell, folder, background);
    const device = await startDevice(shell, folder, background);
    await Promise.race([firstDevice({ shell, folder, service, device }), ...background.map(endOf)]);
    verified = true;
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    transcript.heading(`Done: ${transcript.checks} checks, ${seconds} s.`);
    if (!options.once) await stayUp(folder, service, device, background, transcript, signal);
    return 0;
  } catch (error) {
    if (signal.aborted) {
      transcript.line('Ended by Ctrl-C.');
      return verified ? 0 : 130;
    }
    if (!isMooringError(error)) throw error;
    transcript.line();
    transcript.line(`[failed] ${error.message}`);
    if (error.next) transcript.line(error.next);
    transcript.line(`Everything is still there: ${folder.path} (logs of service and device in logs).`);
    return 1;
  } finally {
    over.abort();
    await Promise.all(background.map((one) => one.stop()));
    if (verified && options.once && !options.keep) await removeRunFolder(folder);
    else transcript.line(`Remove the folder when you need it no more: rm -r ${quoted(folder.path)}`);
  }
}

function introduce(folder: RunFolder, transcript: Transcript): void {
  transcript.line('Mooring quick start: a service and a virtual device on this machine.');
  transcript.line();
  byHand(folder, transcript);
}

/** The lines that give another terminal the same environment. */
function byHand(folder: RunFolder, transcript: Transcript): void {
  transcript.command(`cd ${quoted(folder.project)}`);
  transcript.command(`export HOME=${quoted(folder.home)} PATH=${quoted(join(checkout, 'bin'))}:"$PATH"`);
}

async function startService(shell: Shell, folder: RunFolder, background: Background<unknown>[]): Promise<ServiceReady> {
  const { transcript } = shell;
  const [bootstrapPort, lwm2mPort, downloadPort] = await freePorts(3);
  const ports = ['--bootstrap-port', String(bootstrapPort), '--lwm2m-port', String(lwm2mPort)];
  ports.push('--downloads', `127.0.0.1:${downloadPort}`);
  const words = ['serve', '--data', '../service', '--http', '127.0.0.1:0', ...ports, '--tls-own', '--json'];
  transcript.command(`mooring ${words.join(' ')} &`);
  const service = await Background.start<ServiceReady>({
    name: 'the service',
    arguments: [
      '--import',
      new URL('../ends-with-parent.ts', import.meta.url).href,
      join(checkout, 'bin', 'mooring'),
      ...words,
    ],
    cwd: shell.cwd,
    env: shell.env,
    log: join(folder.logs, 'service.log'),
    signal: shell.signal,
  });
  background.push(service);
  transcript.line(`The service is ready at ${service.ready.url} (process ${service.ready.pid}).`);
  transcript.line(`Its HTTPS certificate authority has the fingerprint ${service.ready.ca.fingerprint}.`);
  return service.ready;
}

async function startDevice(shell: Shell, folder: RunFolder, background: Background<unknown>[]): Promise<DeviceReady> {
  const device = await Background.start<DeviceReady>({
    name: 'the virtual device',
    arguments: [
      fileURLToPath(new URL('../device-process.ts', import.meta.url)),
      '--root',
      folder.device,
      '--client',
      '--json',
    ],
    cwd: shell.cwd,
    env: shell.env,
    log: join(folder.logs, 'device.log'),
    signal: shell.signal,
  });
  background.push(device);
  const { hostname, address, port, pid } = device.ready;
  const { transcript } = shell;
  transcript.line(`The virtual device ${hostname} is ready at ${address}, port ${port} (process ${pid}).`);
  return device.ready;
}

async function endOf(program: Background<unknown>): Promise<never> {
  const how = await program.ended;
  throw failed(`${program.name[0]?.toUpperCase()}${program.name.slice(1)} ended by itself: ${how}.`);
}

async function stayUp(
  folder: RunFolder,
  service: ServiceReady,
  device: DeviceReady,
  background: readonly Background<unknown>[],
  transcript: Transcript,
  signal: AbortSignal,
): Promise<void> {
  transcript.line(
    `The service (${service.url}) and the device (${device.hostname}) go on until you press Ctrl-C here.`,
  );
  transcript.line('To go on by hand, in another terminal:');
  transcript.line();
  byHand(folder, transcript);
  transcript.command('mbl-cli shell');
  transcript.command('mbl-cli list-certificates');
  transcript.command(`mbl-cli put update_default_resources.c /scratch`);
  transcript.line();
  const interrupted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
    if (signal.aborted) reject(signal.reason);
  });
  await Promise.race([interrupted, ...background.map(endOf)]);
}

process.exitCode = await main(process.argv.slice(2));
