import type { DeviceRow } from '../devices/device.ts';
import { plainFingerprint, plainUuid } from '../devices/identifiers.ts';

/** What a device says of itself, for its entry in the directory. Absent: it did not say. */
export interface DeviceFacts {
  /** UUID: 16 bytes, or a text. */
  deviceClass?: Uint8Array | string;
  /** UUID: 16 bytes, or a text. */
  vendorId?: Uint8Array | string;
  serialNumber?: string;
  endpointType?: string;
  /** SHA-256 of the firmware that runs, hex. */
  firmwareChecksum?: string;
  /** Version of the firmware that runs, where it is a time; milliseconds since 1970. */
  firmwareVersion?: number;
}

/** The resources that the directory follows: LwM2M object 3 (Device), and Pelion's 10255 and 10252. */
export const factResources: Readonly<Record<string, keyof DeviceFacts>> = {
  '/3/0/2': 'serialNumber',
  '/10255/0/3': 'vendorId',
  '/10255/0/4': 'deviceClass',
  '/10252/0/5': 'firmwareChecksum',
  '/10252/0/6': 'firmwareVersion',
};

const longest = { serial_number: 64, endpoint_type: 64, device_class: 36, vendor_id: 255 } as const;

/** Longest time that a Date can be. */
const lastTime = 8.64e15;

function identifierOf(value: Uint8Array | string): string {
  return typeof value === 'string' ? plainUuid(value) : Buffer.from(value).toString('hex');
}

/** A device may send anything: what has no place in the directory is left out, and is never an error. */
export function factColumns(facts: DeviceFacts): Partial<DeviceRow> {
  const columns: Partial<DeviceRow> = {};
  const keep = (column: keyof typeof longest, value: string | undefined) => {
    if (value === undefined || value.length > longest[column]) return;
    // Neither a terminal nor the database is to meet control characters in what a device calls itself.
    columns[column] = value.replace(/[\u0000-\u001f\u007f]/g, '\ufffd');
  };
  keep('serial_number', facts.serialNumber);
  keep('endpoint_type', facts.endpointType);
  keep('device_class', facts.deviceClass === undefined ? undefined : identifierOf(facts.deviceClass));
  keep('vendor_id', facts.vendorId === undefined ? undefined : identifierOf(facts.vendorId));
  const checksum = plainFingerprint(facts.firmwareChecksum ?? '');
  if (checksum !== undefined) columns.firmware_checksum = checksum;
  const { firmwareVersion } = facts;
  if (firmwareVersion !== undefined && Number.isSafeInteger(firmwareVersion)) {
    if (firmwareVersion > 0 && firmwareVersion <= lastTime) columns.manifest_at = firmwareVersion;
  }
  return columns;
}

/** The columns of these that differ from what is known. */
export function newFacts(device: Partial<DeviceRow>, facts: DeviceFacts): Partial<DeviceRow> {
  const columns = Object.entries(factColumns(facts));
  return Object.fromEntries(columns.filter(([column, value]) => value !== device[column as keyof DeviceRow]));
}
