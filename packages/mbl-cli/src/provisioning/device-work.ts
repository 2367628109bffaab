import { type Clock, isMooringError, type MooringError } from '@mooring/platform';
import type { Connection } from '../ssh/connection.ts';
import { KnownDevices } from '../ssh/known-devices.ts';
import { run, succeeded } from '../ssh/remote-command.ts';
import type { Target } from '../ssh/target.ts';
import type { DeviceWork } from './bench.ts';
import { deliver } from './delivery.ts';
import { type DeviceItems, itemsFor, type KeyChoice, setFor } from './device-items.ts';
import type { Journal, JournalEntry } from './journal.ts';
import { checkProgram, provisioningProgram } from './on-device.ts';
import type { Plan, Service } from './plan.ts';
import type { Supplied, Supply } from './supply.ts';

export interface WorkWorld {
  home: string;
  clock: Clock;
  signal: AbortSignal;
  onDevice<T>(target: Target, work: (connection: Connection) => Promise<T>): Promise<T>;
  warn(text: string): void;
  remark(text: string): void;
}

export interface WorkOptions {
  /** Also devices that the journal knows to be provisioned. */
  again: boolean;
  /** Take from a device the account that an earlier service gave it; undefined: leave it and say so. */
  wipe: boolean | undefined;
  key: KeyChoice;
}

/** Provisions one device of many, and keeps in the journal what came of it. */
export function deviceWork(
  plan: Plan,
  supply: Supply,
  journal: Journal,
  service: Service,
  { again, wipe, key }: WorkOptions,
  world: WorkWorld,
): DeviceWork {
  const { signal, clock, home } = world;
  const known = new KnownDevices(home);

  const provision = async (connection: Connection, supplied: Supplied): ReturnType<DeviceWork> => {
    const { target, hostKey } = connection;
    const set = setFor(supplied, key);
    const earlier = again ? undefined : journal.find(set, target.name, hostKey);
    if (earlier?.state === 'provisioned' && (await isConfigured(connection, signal))) {
      return { state: 'kept', remark: provisionedOn(earlier) };
    }
    const entry = { set, device: target.name, hostKey };
    const note = (state: JournalEntry['state'], more: Partial<JournalEntry> = {}) =>
      journal.write({ at: clock.now().toISOString(), ...entry, state, ...more });
    await note('started');
    let given: DeviceItems = { items: [] };
    try {
      const { earlierClient } = await deliver(
        connection,
        async () => {
          const own = journal.endpointOf(target.name, hostKey);
          given = await itemsFor(connection, supplied, key, service.deviceCertificates, own, signal);
          // Before the device has it: if this program ends now, the next run knows whose certificate it is.
          if (given.own) await note('started', given.own);
          return given.items;
        },
        {
          anew: (work) => world.onDevice(target, work),
          signal,
          onStdout: () => undefined,
          onStderr: () => undefined,
          warn: world.warn,
          wipe: async () => wipe === true,
          remark: (line) => world.remark(`${target.name}: ${line}`),
        },
      );
      await note('provisioned', given.own);
      const keeps = earlierClient?.bootstrapped && wipe === undefined;
      const remark = [given.remark, keeps ? keepsAccount : undefined].filter(Boolean).join('; ');
      return {
        state: 'provisioned',
        ...(remark === '' ? {} : { remark }),
        ...(given.own ? { endpointName: given.own.endpointName } : {}),
      };
    } catch (error) {
      if (isMooringError(error)) await note('failed', { code: error.code, ...given.own });
      throw error;
    }
  };

  /** One that was provisioned before is no failure for being switched off by now. */
  const earlierOf = async (target: Target): Promise<JournalEntry | undefined> => {
    const hostKey = (await known.find(target.name))?.fingerprint;
    if (hostKey === undefined || plan.developer.from === 'create') return undefined;
    const set = setFor({ developer: plan.developer.certificate, update: plan.update.certificate }, key);
    return journal.find(set, target.name, hostKey);
  };

  return async (target) => {
    try {
      return await world.onDevice(target, async (connection) => {
        // Before a certificate is made for it.
        await checkProgram(connection, signal);
        return provision(connection, await supply.obtain());
      });
    } catch (error) {
      const earlier = isSilent(error) ? await earlierOf(target) : undefined;
      if (earlier?.state !== 'provisioned') throw error;
      return { state: 'kept', remark: `${provisionedOn(earlier)}, and does not answer now` };
    }
  };
}

const isSilent = (error: unknown): error is MooringError =>
  isMooringError(error) && ['ssh.unreachable', 'ssh.timeout'].includes(error.code);

const provisionedOn = ({ at }: JournalEntry) => `it was provisioned on ${at.slice(0, 16).replace('T', ' ')} UTC`;

const keepsAccount = "its client keeps the account of an earlier service, which '--wipe' takes away";

async function isConfigured(connection: Connection, signal: AbortSignal): Promise<boolean> {
  return succeeded(await run(connection, `${provisioningProgram} --get-pelion-status`, { signal }));
}
