import { isIP } from 'node:net';
import { checkProgram, programMaker, provisioningProgram } from '../provisioning/on-device.ts';
import type { Login } from '../ssh/authentication.ts';
import type { ConnectOptions } from '../ssh/connect.ts';
import { resolveHost } from '../ssh/host-names.ts';
import { knownDevicesPath } from '../ssh/known-devices.ts';
import { hostKeyChanged } from '../ssh/login-errors.ts';
import { commandLine } from '../ssh/quote.ts';
import { complaint, run, succeeded } from '../ssh/remote-command.ts';
import { describeTarget, type Target } from '../ssh/target.ts';
import { describeProxy, openWay } from '../ssh/way.ts';
import { type Examination, left } from './examination.ts';
import { brokenBy, type Finding, type Rung } from './ladder.ts';
import { routeTo } from './route.ts';

export interface Way {
  target(): Promise<Target>;
  /** How the device was named: `by -a`, `selected`. */
  named: string;
  login: Login;
  acceptNewHostKey: boolean;
}

const seeList = "'mbl-cli list' shows the devices that answer; choose one with 'mbl-cli select' or '-a ADDRESS'.";

/** From the device's name to what its own provisioning program says. */
export function deviceRungs(examined: Examination, way: Way): Rung[] {
  const { signal } = examined;
  const look: ConnectOptions = {
    home: examined.home,
    clock: examined,
    signal,
    login: way.login,
    acceptNewHostKey: false,
    onlyLooking: true,
    connectTimeout: 10_000,
    tell: () => undefined,
    note: () => undefined,
  };
  const onDevice = (command: string) => run(left(examined.connection), command, { signal });
  return [
    {
      name: 'name',
      needs: [],
      async probe() {
        const target = await way.target();
        examined.target = target;
        // Its name means something at the other end of a proxy alone.
        if (target.settings.proxy) return { state: 'ok', says: `${describeTarget(target)}, ${way.named}` };
        const address = await addressOf(target.host, signal);
        if (address === undefined) {
          return { state: 'broken', says: `Nobody knows the address of ${target.host}.`, mend: seeList };
        }
        examined.address = address;
        const at = address === target.host ? '' : ` is ${address}`;
        return { state: 'ok', says: `${describeTarget(target)}${at}, ${way.named}` };
      },
    },
    {
      name: 'route',
      needs: ['name'],
      async probe() {
        const proxy = describeProxy(left(examined.target));
        if (proxy !== undefined) return { state: 'ok', says: `by ${proxy}` };
        const { host, port } = left(examined.target);
        const route = await routeTo(left(examined.address), port);
        if ('by' in route) return { state: 'ok', says: `by ${route.by}, from ${route.from}` };
        return {
          state: 'broken',
          says: `There is no way to ${host}: ${route.trouble}.`,
          mend: `Connect this machine to the network of the device. ${seeList}`,
        };
      },
    },
    {
      name: 'tcp',
      needs: ['route'],
      async probe() {
        const target = left(examined.target);
        const host = examined.address ?? target.host;
        examined.socket = await openWay({ ...target, host }, look);
        return { state: 'ok', says: `port ${target.port} takes connections` };
      },
    },
    {
      name: 'host key',
      needs: ['tcp'],
      async probe() {
        const target = left(examined.target);
        const { greet } = await import('./greeting.ts');
        examined.greeting = await greet(target, left(examined.socket), { ...way, home: examined.home });
        const { shown, expected, changed } = await examined.greeting.hostKey;
        const key = `${shown.type} ${shown.fingerprint}`;
        if (!expected) return { state: 'ok', says: `${key}, not seen before; the first command will remember it` };
        if (!changed) return { state: 'ok', says: `${key}, as at first contact (${expected.since.slice(0, 10)})` };
        if (way.acceptNewHostKey) {
          return {
            state: 'ok',
            says: `${key}, another than in ${knownDevicesPath(examined.home)}, accepted this once`,
          };
        }
        return brokenBy(hostKeyChanged(target, expected, shown, examined.home));
      },
    },
    {
      name: 'login',
      needs: ['host key'],
      async probe() {
        examined.connection = await left(examined.greeting).login;
        return { state: 'ok', says: `as ${left(examined.target).user}` };
      },
    },
    {
      name: 'program',
      needs: ['login'],
      async probe() {
        await checkProgram(left(examined.connection), signal);
        const own = (await programMaker(left(examined.connection), signal)) === 'mooring';
        return { state: 'ok', says: `${provisioningProgram}, ${own ? "Mooring's" : "MBL's own"}` };
      },
    },
    {
      name: 'store',
      needs: ['program'],
      async probe(): Promise<Finding> {
        const result = await onDevice(`${provisioningProgram} --get-pelion-status`);
        if (succeeded(result)) return { state: 'ok', says: 'the device says that it is configured correctly' };
        const { developer = 'CERT', update = 'UPDATE-CERT' } = examined.names;
        // What a shell says of a program that is there and cannot be started.
        const cannotStart = 'code' in result.exit && [126, 127].includes(result.exit.code);
        return {
          state: 'broken',
          says: `The secure storage of the device is not ready: ${complaint(result)}`,
          mend: cannotStart
            ? 'Put the program of the image back; it may be of another architecture.'
            : `Provision the device: ${commandLine(['mbl-cli', 'provision-pelion', developer, update])}`,
          code: 'provision.status.failed',
        };
      },
    },
  ];
}

async function addressOf(host: string, signal: AbortSignal): Promise<string | undefined> {
  if (isIP(host) !== 0) return host;
  const resolved = await resolveHost(host, signal);
  if (isIP(resolved) !== 0) return resolved;
  const { lookup } = await import('node:dns/promises');
  return (await lookup(resolved).catch(() => undefined))?.address;
}
