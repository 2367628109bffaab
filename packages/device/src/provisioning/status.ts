import type { Clock } from '@mooring/platform';
import type { SecureStorage } from '../secure-storage/storage.ts';
import { Checklist, Stop, stop } from './checklist.ts';
import { isFinding, readCertificate } from './device-certificate.ts';
import { type DeviceTime, deviceTime } from './device-time.ts';
import type { ErrorKind, Finding, WarningKind } from './findings.ts';
import { checkSecurityObjects, type Mode, securityObjects } from './security-objects.ts';
import { checkValidity } from './validity.ts';

export interface DeviceStatus {
  /** The first thing that keeps the device from connecting; undefined if nothing does. */
  readonly error?: Finding<ErrorKind>;
  readonly warnings: readonly Finding<WarningKind>[];
  /** By which time the certificates were judged. */
  readonly time: DeviceTime;
  readonly endpointName?: string;
  readonly bootstrapServerUri?: string;
  /** The device holds the credentials that a bootstrap server gave it. */
  readonly bootstrapped: boolean;
  /** Those whose dates were judged. */
  readonly certificates: readonly { readonly item: string; readonly notAfter: Date }[];
}

/**
 * Whether the device has all it needs to connect: the check that the real client makes at every start, in its order
 * (fcc_verify_device_configured_4mbed_cloud). The first error ends it; warnings are collected.
 *
 * @throws MooringError `storage.*`, `file.*`
 */
export async function status(storage: SecureStorage, clock: Clock): Promise<DeviceStatus> {
  return storage.read(async (snapshot) => {
    const list = new Checklist(snapshot, await deviceTime(snapshot, clock));
    const error = await firstError(list);
    const endpointName = await list.text('mbed.EndpointName');
    const bootstrapServerUri = await list.text(securityObjects.bootstrap.uri);
    const { uri, certificate } = securityObjects.lwm2m;
    return {
      ...(error && { error }),
      warnings: list.warnings,
      time: list.time,
      ...(endpointName !== undefined && { endpointName }),
      ...(bootstrapServerUri !== undefined && { bootstrapServerUri }),
      bootstrapped: list.has(uri, 'config') && list.has(certificate, 'certificate'),
      certificates: list.certificates,
    };
  });
}

async function firstError(list: Checklist): Promise<Finding<ErrorKind> | undefined> {
  try {
    await checkTime(list);
    const mode = await checkMode(list);
    await list.requireContent('mbed.EndpointName', 'config');
    for (const name of metadata) await list.require(name, 'config');
    await checkSecurityObjects(list, mode);
    await checkUpdate(list);
    return undefined;
  } catch (error) {
    if (error instanceof Stop) return error.finding;
    throw error;
  }
}

/** They may be empty, but not absent. */
const metadata = [
  'mbed.Manufacturer',
  'mbed.ModelNumber',
  'mbed.DeviceType',
  'mbed.HardwareVersion',
  'mbed.MemoryTotalKB',
  'mbed.SerialNumber',
];

async function checkTime(list: Checklist): Promise<void> {
  if (!list.time.now) {
    const reason = 'The time is not known: the system clock is before 2017, and no server has told it yet.';
    list.warn('notSet', 'mbed.CurrentTime', reason);
  }
  if (!(await list.text('mbed.Timezone'))) list.warn('notSet', 'mbed.Timezone', 'No time zone was given.');
  const offset = await list.text('mbed.UTCOffset');
  if (!offset) list.warn('notSet', 'mbed.UTCOffset', 'No offset from UTC was given.');
  else if (!/^[+-]\d\d:\d\d/.test(offset)) {
    throw stop('utcOffset', 'mbed.UTCOffset', `It is ${JSON.stringify(offset)} and has to be like +02:00.`);
  }
}

async function checkMode(list: Checklist): Promise<Mode> {
  const name = 'mbed.UseBootstrap';
  const data = await list.require(name, 'config');
  if (data.length !== 4) throw stop('size', name, `It has ${data.length} bytes and has to have 4.`);
  const value = Buffer.from(data).readUInt32LE();
  if (value === 1) return 'bootstrap';
  if (value !== 0) throw stop('bootstrapMode', name, `It is ${value} and has to be 0 or 1.`);
  list.warn('noBootstrap', name, 'The device goes to its LwM2M server without a bootstrap.');
  return 'lwm2m';
}

async function checkUpdate(list: Checklist): Promise<void> {
  const name = 'mbed.UpdateAuthCert';
  const data = await list.data(name, 'certificate');
  if (data) {
    const certificate = readCertificate(name, data);
    if (isFinding(certificate)) throw new Stop(certificate);
    checkValidity(list, name, certificate);
  } else {
    list.warn('notSet', name, 'Without an update certificate the device takes no update.');
  }
  for (const id of ['mbed.ClassId', 'mbed.VendorId']) {
    const found = await list.data(id, 'config');
    if (!found) list.warn('notSet', id, 'Without it the device takes no update.');
    else if (found.length !== 16) throw stop('size', id, `It has ${found.length} bytes and has to have 16.`);
  }
}
