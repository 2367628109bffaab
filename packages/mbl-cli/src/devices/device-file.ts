import { join } from 'node:path';
import { readFileIfExists, writeFileAtomic } from '@mooring/platform';
import { selectionErrors } from '../errors.ts';
import { isRecord, jsonLine, parseJson } from '../json-line.ts';

/** A device as `select` keeps it. */
export interface SelectedDevice {
  name: string;
  /** IP address, with its zone if it is link-local. */
  address: string;
  /** 22 if absent. */
  port?: number | undefined;
  username: string;
  /** Empty if there is none. */
  password: string;
}

export const deviceFilePath = (home: string) => join(home, '.mbl-dev.json');

/**
 * One line without line end. The old tool reads exactly these four keys and fails on any other, so the port is
 * written only where the old tool could not connect anyway.
 */
export function formatDeviceFile(device: SelectedDevice): string {
  return jsonLine({
    hostname: device.name,
    address: device.address,
    username: device.username,
    password: device.password,
    port: device.port === 22 ? undefined : device.port,
  });
}

/** @throws MooringError `selection.file.malformed` */
export function parseDeviceFile(text: string, path: string): SelectedDevice {
  const content = parseJson(text)?.value;
  if (!isRecord(content)) throw malformed(path, 'is not a JSON object');
  const field = (name: string, fallback?: string): string => {
    const value = content[name] ?? fallback;
    if (typeof value !== 'string') throw malformed(path, `has no text "${name}"`);
    return value;
  };
  const port = content.port ?? undefined;
  if (port !== undefined && !(Number.isInteger(port) && Number(port) > 0 && Number(port) < 65_536)) {
    throw malformed(path, 'has a "port" that is no port number');
  }
  const address = field('address');
  if (address === '' || /[\s\0]/.test(address)) throw malformed(path, 'has an "address" that is none');
  return {
    name: field('hostname'),
    address,
    ...(port === undefined ? {} : { port: Number(port) }),
    username: field('username', 'root') || 'root',
    password: field('password', ''),
  };
}

function malformed(path: string, what: string) {
  return selectionErrors('selection.file.malformed', {
    message: `${path} ${what}.`,
    next: "Choose a device anew with 'mbl-cli select', or name one with '-a ADDRESS'.",
    data: { path },
  });
}

/** @throws MooringError `selection.none` if no device was ever selected */
export async function readSelectedDevice(home: string): Promise<SelectedDevice> {
  const path = deviceFilePath(home);
  const content = await readFileIfExists(path);
  if (content === undefined) {
    throw selectionErrors('selection.none', {
      message: 'Please select a device or provide an ip address.',
      next: "Use 'mbl-cli select', or '-a ADDRESS' before the command.",
    });
  }
  return parseDeviceFile(content.toString('utf8'), path);
}

/** 0600, since a password may be in it. */
export async function saveSelectedDevice(home: string, device: SelectedDevice): Promise<void> {
  await writeFileAtomic(deviceFilePath(home), formatDeviceFile(device), 0o600);
}
