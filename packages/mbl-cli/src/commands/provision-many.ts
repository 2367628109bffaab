import type { MooringError } from '@mooring/platform';
import { terminalErrors, type Values } from '@mooring/terminal';
import { identityOf } from '../devices/choice.ts';
import type { FoundDevice } from '../discovery/devices.ts';
import { failedRung } from '../doctor/failed-rung.ts';
import { selectionErrors } from '../errors.ts';
import type { DeviceWork, Outcome } from '../provisioning/bench.ts';
import type { ListedDevice } from '../provisioning/bench-devices.ts';
import type { KeyChoice } from '../provisioning/device-items.ts';
import type { Journal } from '../provisioning/journal.ts';
import type { Target } from '../ssh/target.ts';
import { deviceJson, listDevices } from './discover.ts';
import { certificatesOf, type Prepare, type Prepared } from './prepared.ts';
import { type Session, text } from './session.ts';

/** How long the search for all devices goes on after the first was found, in ms; half of it after each further one. */
const settle = 3_000;

/**
 * Provisions many devices at once, with a line for each and one for all. What was done is kept in the journal, so that the
 * same command goes on where an earlier one ended.
 */
export async function provisionMany(
  session: Session,
  values: Values,
  prepare: Prepare,
  key: KeyChoice,
): Promise<unknown> {
  const { workOnAll } = await import('../provisioning/bench.ts');
  const { Journal } = await import('../provisioning/journal.ts');
  const { setFor } = await import('../provisioning/device-items.ts');
  const jobs = jobsOf(values);
  if (session.globals.address) {
    throw usage("'-a' names one device, and '--all', '--match' and '--from' are for many.");
  }
  if (key.endpointName !== undefined) throw usage("'--endpoint-name' is for one device.");
  const { output, signal } = session;
  const journal = await Journal.open(session.home);
  try {
    const prepared = await prepare((developer, update) => journal.knows(setFor({ developer, update }, key)));
    const targets = await targetsOf(session, values);
    const start = performance.now();
    output.line(`Provisioning ${counted(targets.length)} with ${certificatesOf(prepared)}, ${jobs} at a time.`);
    const width = String(targets.length).length;
    const outcomes = await workOnAll(targets, await workOn(session, values, prepared, journal, key), {
      jobs,
      signal,
      ended: (outcome, count) =>
        output.line(`[${String(count).padStart(width)}/${targets.length}] ${outcomeLine(outcome)}`),
      hopeless: () => prepared.supply.failure,
    }).catch((error: unknown) => {
      throw prepared.supply.withWayOn(error);
    });
    return report(session, prepared, journal, outcomes, (performance.now() - start) / 1_000);
  } finally {
    await journal.close();
  }
}

function jobsOf({ jobs = 8 }: Values): number {
  if (Number(jobs) >= 1 && Number(jobs) <= 256) return Number(jobs);
  throw usage("'--jobs' takes a number from 1 to 256.");
}

const usage = (message: string) => terminalErrors('usage', { message, exitCode: 2 });

/** @throws MooringError `provision.list.malformed`, `discovery.*`, `selection.name.*` */
async function targetsOf(session: Session, values: Values): Promise<Target[]> {
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

async function workOn(
  session: Session,
  values: Values,
  { plan, supply, service }: Prepared,
  journal: Journal,
  key: KeyChoice,
): Promise<DeviceWork> {
  const { deviceWork } = await import('../provisioning/device-work.ts');
  // Several at once cannot ask for passwords.
  const way = { ...(await session.login()), ask: undefined };
  const { home, clock, signal, remark, output } = session;
  const wipe = values.wipe === true ? true : values.no_wipe === true ? false : undefined;
  return deviceWork(
    plan,
    supply,
    journal,
    service,
    { again: values.again === true, wipe, key },
    {
      home,
      clock,
      signal,
      remark,
      warn: (line) => output.note(line),
      onDevice: (target, work) => session.onDevice(work, target, way),
    },
  );
}

const counted = (count: number) => `${count} device${count === 1 ? '' : 's'}`;

function outcomeLine({ target, state, seconds, error, remark }: Outcome): string {
  const address = target.name === target.host ? '' : ` (${target.host})`;
  const time = `${seconds.toFixed(1)} s`;
  const what = {
    provisioned: `provisioned in ${time}`,
    kept: 'nothing to do',
    failed: `FAILED after ${time}`,
  }[state];
  return [`${target.name}${address}: ${what}`, ...(remark ? [remark] : []), ...(error ? [sentenceOf(error)] : [])].join(
    '; ',
  );
}

/** On one line, with its code. */
function sentenceOf(error: MooringError): string {
  const said = error.code === 'provision.failed' ? `the device says: ${error.data?.reason}` : error.message;
  return `${said.replace(/\s*\n\s*/g, ' ')} [${error.code}]`;
}

function report(
  { output, exit }: Session,
  { request, team }: Prepared,
  journal: Journal,
  outcomes: readonly Outcome[],
  seconds: number,
): unknown {
  const count = (state: Outcome['state']) => outcomes.filter((outcome) => outcome.state === state).length;
  const total = {
    devices: outcomes.length,
    provisioned: count('provisioned'),
    kept: count('kept'),
    failed: count('failed'),
  };
  const kept = total.kept > 0 ? `, ${total.kept} had it already` : '';
  output.line();
  output.line(
    `${counted(total.devices)}: ${total.provisioned} provisioned${kept}, ${total.failed} failed, in ${seconds.toFixed(1)} s.`,
  );
  if (total.failed > 0) {
    exit(255);
    output.line("The same command without '-c' tries those that failed again, and leaves the others as they are.");
  }
  return {
    devices: outcomes.map(({ target, state, error, remark, endpointName, ...outcome }) => ({
      name: target.name,
      address: target.host,
      port: target.port,
      state,
      seconds: Math.round(outcome.seconds * 1_000) / 1_000,
      ...(endpointName === undefined ? {} : { endpointName }),
      ...(remark === undefined ? {} : { remark }),
      ...(error === undefined ? {} : { error: failureJson(error) }),
    })),
    total: { ...total, seconds: Math.round(seconds * 1_000) / 1_000 },
    developerCertificate: { name: request.developer, folder: team.folderOf(request.developer) },
    updateCertificate: { name: request.update, folder: team.folderOf(request.update) },
    journal: journal.path,
  };
}

function failureJson(error: MooringError) {
  const rung = failedRung(error, {});
  return { code: error.code, message: error.message, next: error.next, ...(rung === undefined ? {} : { rung }) };
}
