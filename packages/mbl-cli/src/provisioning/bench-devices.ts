import { readFile } from 'node:fs/promises';
import { fileError, isMooringError } from '@mooring/platform';
import { type Address, parseAddress } from '../devices/address.ts';
import { provisionErrors } from '../errors.ts';
import { isRecord, parseJson } from '../json-line.ts';

/** A device of a list: by its name, which is looked for, or by its address. */
export interface ListedDevice {
  name?: string;
  address?: Address;
}

/** True if a device of this name is meant: `*` stands for anything, `?` for one character; upper case or lower is one. */
export function matchesName(pattern: string, name: string): boolean {
  const text = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${text}$`, 'is').test(name);
}

/**
 * Reads a list of devices: a line each, NAME or ADDRESS or NAME and ADDRESS; `#` begins a remark. What
 * `mbl-cli list --json` writes is read as well.
 *
 * @throws MooringError `provision.list.malformed`, `file.*`
 */
export async function readDeviceList(path: string): Promise<ListedDevice[]> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw fileError(error, path);
  });
  const devices = parseDeviceList(text, path);
  if (devices.length === 0) throw malformed(path, 'it names no device');
  return devices;
}

export function parseDeviceList(text: string, path: string): ListedDevice[] {
  const json = /^\s*\{/.test(text) ? parseJson(text)?.value : undefined;
  if (isRecord(json)) return fromJson(json, path);
  return text.split(/\r?\n/).flatMap((line, index): ListedDevice[] => {
    const words = line
      .replace(/(^|\s)#.*$/, '')
      .trim()
      .split(/\s+/)
      .filter(Boolean);
    if (words.length === 0) return [];
    if (words.length > 2) throw malformed(path, `line ${index + 1} has more than a name and an address`);
    const [first = '', second] = words;
    if (second !== undefined) return [{ name: first, address: addressIn(second, path, index) }];
    // A name without a dot is a device's, which mDNS knows.
    return [
      /^[A-Za-z0-9][A-Za-z0-9-]*$/.test(first) && !/^\d+$/.test(first)
        ? { name: first }
        : { address: addressIn(first, path, index) },
    ];
  });
}

function fromJson({ devices }: Record<string, unknown>, path: string): ListedDevice[] {
  if (!Array.isArray(devices)) throw malformed(path, "it is JSON, but not what 'mbl-cli list --json' writes");
  return devices.map((device, index) => {
    const { name, address, port } = isRecord(device) ? device : {};
    if (typeof name !== 'string' || typeof address !== 'string') {
      throw malformed(path, `device ${index + 1} of it lacks "name" or "address"`);
    }
    const parsed = addressIn(address, path, index);
    return { name, address: typeof port === 'number' ? { ...parsed, port } : parsed };
  });
}

function addressIn(text: string, path: string, index: number): Address {
  try {
    return parseAddress(text);
  } catch (error) {
    if (!isMooringError(error)) throw error;
    throw malformed(path, `line ${index + 1} has neither a name nor an address: ${text}`);
  }
}

function malformed(path: string, what: string) {
  return provisionErrors('provision.list.malformed', {
    message: `${path} is no list of devices: ${what}.`,
    next: "Write one device a line, by name, by address, or both: 'mbed-linux-os-9999 fe80::1%eth0'.",
    data: { path },
  });
}
