import { acquireLock, backgroundTimers, isMooringError, systemTimers } from '@mooring/platform';
import type { CommandContext } from '@mooring/terminal';
import { keyProviderOf, neededKind, parseKeyChoice } from '../secure-storage/key-choice.ts';
import { SecureStorage } from '../secure-storage/storage.ts';
import { Board } from '../updates/board/board.ts';
import { boardSettings } from '../updates/board/settings.ts';
import { boardTarget } from '../updates/orders/target.ts';
import { CloudClient } from './cloud-client.ts';
import { cloudClientErrors } from './errors.ts';
import { type ClientLog, clientLog } from './log.ts';
import { StateFile } from './state-file.ts';
import { systemNotices } from './system-notices.ts';

export interface DaemonSettings {
  readonly context: CommandContext;
  readonly folder: string;
  readonly key: string | undefined;
  readonly keyFile: string | undefined;
  readonly log: string | undefined;
  readonly stateFile: string | undefined;
  readonly socket: string | undefined;
  readonly debug: boolean;
  readonly lifetime: number;
  readonly version: string;
  /** Exit status for a device that cannot connect as it is. */
  readonly unfit: number;
}

/** Runs the client until the context's signal. */
export async function runDaemon(settings: DaemonSettings): Promise<undefined> {
  const { context, folder } = settings;
  const { io, clock, signal } = context;
  const log = clientLog(settings.log, {
    clock,
    debug: settings.debug,
    also: (text) => void io.stderr.write(text),
    failed: (error) =>
      void io.stderr.write(`${settings.log}: ${error.message}. The log goes to standard error alone.\n`),
  });
  const around = {
    folder,
    keyFile: settings.keyFile ?? `${folder}.key`,
    keyFileShared: settings.keyFile !== undefined,
    cwd: io.cwd,
    env: io.env,
  };
  const choice =
    settings.key === undefined ? { kind: (await neededKind(folder)) ?? 'file' } : parseKeyChoice(settings.key);
  let client: CloudClient | undefined;
  const notices = systemNotices(io.env, backgroundTimers, () => client?.state.state !== 'stopped');
  const board = new Board({ settings: boardSettings(io.env), timers: systemTimers });
  const restarted = new AbortController();
  const updates = boardTarget(board, `${board.settings.scratch}/firmware`, async (what) => {
    context.exit(startAgain);
    if (what === 'device') await board.reboot();
    restarted.abort();
  });
  const reopen = () => log.reopen();
  process.on('SIGHUP', reopen);
  try {
    const storage = await SecureStorage.open({ folder, keyProvider: keyProviderOf(choice, around) });
    const opened = await CloudClient.open({
      storage,
      clock,
      timers: systemTimers,
      log,
      version: settings.version,
      lifetime: settings.lifetime,
      ...(settings.stateFile === undefined ? {} : { stateFile: new StateFile(settings.stateFile) }),
      ...(settings.socket === undefined ? {} : { socket: settings.socket }),
      updates,
      reboot: () => {
        void board.reboot();
        return true;
      },
      changed: ({ state, server }) => notices.status(server === undefined ? state : `${state} (${server})`),
    });
    client = opened;
    const lock = await onlyOne(folder);
    try {
      log.info(`mbl-cloud-client ${settings.version} starts`);
      // Applications are started too, which takes its time.
      notices.ready('starting');
      await opened.start();
      await untilAborted(AbortSignal.any([signal, restarted.signal]));
      notices.stopping();
      log.info('mbl-cloud-client ends');
      await opened.stop();
    } finally {
      await lock.release();
    }
    return undefined;
  } catch (error) {
    if (!isMooringError(error)) throw error;
    log.error(error.message);
    if (error.code === 'client.unprovisioned') await withoutService(board, log);
    if (error.code !== 'client.unprovisioned' && !error.code.startsWith('storage.')) throw error;
    const { code, message, next } = error;
    throw cloudClientErrors('client.unprovisioned', {
      message: code === 'client.unprovisioned' ? message : `The secure storage cannot be used: ${message}`,
      ...(next === undefined ? {} : { next }),
      exitCode: settings.unfit,
      cause: error,
    });
  } finally {
    process.off('SIGHUP', reopen);
    notices.end();
    log.close();
  }
}

/** EX_TEMPFAIL of sysexits.h: systemd starts the client again, for an update of itself. */
const startAgain = 75;

/** A device that has no service yet has applications, and updates by hand: that it came so far has to do for them. */
async function withoutService(board: Board, log: ClientLog): Promise<void> {
  try {
    const pending = await board.use(async (installer) => {
      const found = await installer.recover();
      if (found === 'confirmation') await installer.confirm();
      return found;
    });
    for (const line of await board.startApplications()) log.error(`Application not started: ${line}`);
    if (pending === 'device') await board.reboot();
  } catch (error) {
    log.error(`An update cannot be gone on with: ${(error as Error).message}`);
  }
}

async function onlyOne(folder: string) {
  try {
    return await acquireLock(`${folder}.client.lock`, 2_000);
  } catch (error) {
    if (!isMooringError(error) || error.code !== 'lock.busy') throw error;
    throw cloudClientErrors('client.running', {
      message: `Another mbl-cloud-client runs on ${folder}.`,
      next: 'End it first: systemctl stop mbl-cloud-client.',
      cause: error,
    });
  }
}

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
