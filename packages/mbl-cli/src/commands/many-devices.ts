import type { MooringError } from '@mooring/platform';
import { terminalErrors, type Values } from '@mooring/terminal';
import { identityOf } from '../devices/choice.ts';
import type { FoundDevice } from '../discovery/devices.ts';
import { failedRung } from '../doctor/failed-rung.ts';
import { selectionErrors } from '../errors.ts';
import type { ListedDevice } from '../provisioning/bench-devices.ts';
import type { Target } from '../ssh/target.ts';
import { deviceJson, listDevices } from './discover.ts';
import { type Session, text } from './session.ts';

/** How long the search for all devices goes on after the first was found, in ms; half of it after each further one. */
const settle = 3_000;

/** @throws MooringError `usage` */
export function jobsOf({ jobs = 8 }: Values): number {
  if (Number(jobs) >= 1 && Number(jobs) <= 256) return Number(jobs);
  throw usage("'--jobs' takes a number from 1 to 256.");
}

export const usage = (message: string) => terminalErrors('usage', { message, exitCode: 2 });

/** @throws MooringError `provision.list.malformed`, `discovery.*`, `selection.name.*` */
export async function targetsOf(session: Session, values: Values): Promise<Target[]> {
  const { hostSettings } = await import('../ssh/host-settings.ts');
  const { defaultAlias, targetNamed } = await import('../ssh/target.ts');
  const settings = await hostSettings(session.home, session.globals.alias ?? defaultAlias);
  const file = text(values.from_file);
  if (file === undefined) {
    const { matchesName } = await import('../provisioning/bench-devices.ts');
    const pattern = text(values.match);
    const found = await search(session, values, ({ name }) => pattern === undefined || matchesName(pattern, name));
    return found.map((device) =>
      targetNamed(identityOf(device, found), { host: device.address, port: device.port }, settings),
    );
  }
  const listed = await listedDevices(session, values, file);
  const { formatAddress } = await import('../devices/address.ts');
  return listed.map(({ name, address }) => targetNamed(name ?? formatAddress(address), address, settings));
}

async function search(session: Session, values: Values, isWanted: (device: FoundDevice) => boolean) {
  const { devices } = await listDevices(session, values, { isWanted, settle });
  const wanted = devices.filter(isWanted);
  if (wanted.length > 0) return wanted;
  throw selectionErrors('selection.name.unknown', {
    message: `None of the ${counted(devices.length)} that answered has such a name.`,
    next: `These did: ${devices.map(({ name }) => name).join(', ')}.`,
    data: { found: devices.map((device) => deviceJson(device)) },
  });
}

type Located = ListedDevice & { address: NonNullable<ListedDevice['address']> };

/** Those that are listed by name alone are looked for; all of them have to answer before anything is done. */
async function listedDevices(session: Session, values: Values, file: string): Promise<Located[]> {
  const { resolve } = await import('node:path');
  const { readDeviceList } = await import('../provisioning/bench-devices.ts');
  const { deviceNamed, isNamed } = await import('../devices/choice.ts');
  const listed = await readDeviceList(resolve(session.cwd, file));
  const names = listed.flatMap(({ name, address }) => (name !== undefined && !address ? [name] : []));
  if (names.length === 0) return listed as Located[];
  const isWanted = (device: FoundDevice) => names.some((name) => isNamed(device, name));
  const isAll = (found: readonly FoundDevice[]) => names.every((name) => found.some((one) => isNamed(one, name)));
  const { devices } = await listDevices(session, values, { isWanted, settle: 10_000, enough: isAll });
  return listed.map(({ name = '', address }): Located => {
    if (address) return { name, address };
    const { address: host, port } = deviceNamed(devices, name);
    return { name, address: { host, port } };
  });
}

export const counted = (count: number) => `${count} device${count === 1 ? '' : 's'}`;

/** On one line, with its code. */
export function sentenceOf(error: MooringError): string {
  const isSaid = error.code === 'provision.failed' || error.code === 'firmware.failed';
  const said = isSaid ? `the device says: ${error.data?.reason}` : error.message;
  return `${said.replace(/\s*\n\s*/g, ' ')} [${error.code}]`;
}

export function failureJson(error: MooringError) {
  const rung = failedRung(error, {});
  return { code: error.code, message: error.message, next: error.next, ...(rung === undefined ? {} : { rung }) };
}
