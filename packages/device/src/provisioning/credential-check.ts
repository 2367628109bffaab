import { provisioningItems } from '@mooring/credentials';
import type { StoredItem } from '../secure-storage/item.ts';
import { type Group, groupOf } from './credential-files.ts';
import { isFinding, judgeDeviceCertificate, readCertificate, readPrivateKey } from './device-certificate.ts';
import type { ErrorKind, Finding } from './findings.ts';
import { memorySize } from './memory-size.ts';
import { readServerUri } from './server-uri.ts';

export interface CredentialProblem extends Finding<ErrorKind> {
  readonly group: Group;
}

/** Least and most bytes, where a type or a rule of the device sets them. */
const sizes: Readonly<Record<string, readonly [least: number, most: number]>> = {
  // CN and interface take at most 64 characters.
  'mbed.EndpointName': [1, 64],
  'mbed.BootstrapServerURI': [1, 1024],
  'mbed.VendorId': [16, 16],
  'mbed.ClassId': [16, 16],
};
const usualSizes = { config: [0, 256], certificate: [1, 4096], 'private-key': [1, 4096] } as const;

function judgeSize(item: StoredItem): Finding<ErrorKind> | undefined {
  const [least, most] = sizes[item.name] ?? usualSizes[item.type];
  const size = item.data.length;
  if (size >= least && size <= most) return undefined;
  const kind = size === 0 && least === 1 ? 'empty' : 'size';
  const should = least === most ? `exactly ${least}` : `${least} to ${most}`;
  return { kind, item: item.name, reason: `It has ${size} bytes and has to have ${should}.` };
}

function judgeAlone(item: StoredItem): Finding<ErrorKind> | undefined {
  const wrongSize = judgeSize(item);
  if (wrongSize) return wrongSize;
  if (item.type === 'certificate') {
    const certificate = readCertificate(item.name, item.data);
    return isFinding(certificate) ? certificate : undefined;
  }
  if (item.type === 'private-key') {
    const key = readPrivateKey(item.name, item.data);
    return isFinding(key) ? key : undefined;
  }
  if (item.name === 'mbed.BootstrapServerURI') {
    const { hasScheme, accountId } = readServerUri(item.data);
    if (!hasScheme) return { kind: 'uri', item: item.name, reason: 'It does not begin with coaps:// or coap://.' };
    if (accountId === undefined) return { kind: 'uri', item: item.name, reason: 'It names no account (?aid=…).' };
  }
  return undefined;
}

const useBootstrap = Uint8Array.of(1, 0, 0, 0);

/**
 * Turns what the files hold into the items to store, and says everything that is wrong with them. They may be stored
 * only where nothing is.
 *
 * @param contents bytes of each file by item name
 */
export function checkCredentials(contents: ReadonlyMap<string, Uint8Array>): {
  items: StoredItem[];
  problems: CredentialProblem[];
} {
  const problems: CredentialProblem[] = [];
  const items = provisioningItems.map(({ name, type, source }): StoredItem => {
    const data = source === undefined ? useBootstrap : (contents.get(name) ?? new Uint8Array());
    return { name, type, factory: true, data };
  });
  const byName = new Map(items.map((item) => [item.name, item]));
  for (const { name, source } of provisioningItems) {
    const item = byName.get(name) as StoredItem;
    const problem = name === 'mbed.MemoryTotalKB' ? convertMemorySize(item, byName) : judgeAlone(item);
    if (problem) problems.push({ ...problem, group: groupOf({ ...(source && { source }) }) });
  }
  if (!problems.some(({ group }) => group === 'developer')) {
    const problem = judgeTogether(byName);
    if (problem) problems.unshift({ ...problem, group: 'developer' });
  }
  return { items: [...byName.values()], problems };
}

function convertMemorySize(item: StoredItem, byName: Map<string, StoredItem>): Finding<ErrorKind> | undefined {
  const data = memorySize(item.data);
  if (!data) {
    return { kind: 'size', item: item.name, reason: 'It is neither 4 bytes (little endian) nor a number as text.' };
  }
  byName.set(item.name, { ...item, data });
  return undefined;
}

function judgeTogether(byName: ReadonlyMap<string, StoredItem>): Finding<ErrorKind> | undefined {
  const dataOf = (name: string) => (byName.get(name) as StoredItem).data;
  const name = 'mbed.BootstrapDeviceCert';
  const certificate = readCertificate(name, dataOf(name));
  const key = readPrivateKey('mbed.BootstrapDevicePrivateKey', dataOf('mbed.BootstrapDevicePrivateKey'));
  if (isFinding(certificate)) return certificate;
  if (isFinding(key)) return key;
  return judgeDeviceCertificate(name, certificate, key, dataOf('mbed.EndpointName'));
}
