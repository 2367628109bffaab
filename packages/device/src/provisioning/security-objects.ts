import type { ItemType } from '../secure-storage/item.ts';
import { type Checklist, Stop, stop } from './checklist.ts';
import { isFinding, judgeDeviceCertificate, readCertificate, readPrivateKey } from './device-certificate.ts';
import { readServerUri } from './server-uri.ts';
import { checkValidity } from './validity.ts';

export type Mode = 'bootstrap' | 'lwm2m';

/** The names of what one mode needs. */
export const securityObjects = {
  bootstrap: {
    authority: 'mbed.BootstrapServerCACert',
    uri: 'mbed.BootstrapServerURI',
    certificate: 'mbed.BootstrapDeviceCert',
    key: 'mbed.BootstrapDevicePrivateKey',
  },
  lwm2m: {
    authority: 'mbed.LwM2MServerCACert',
    uri: 'mbed.LwM2MServerURI',
    certificate: 'mbed.LwM2MDeviceCert',
    key: 'mbed.LwM2MDevicePrivateKey',
  },
} as const;

function orStop<T extends object>(read: T): Exclude<T, { kind: unknown; reason: unknown }> {
  if (isFinding(read)) throw new Stop(read);
  return read as Exclude<T, { kind: unknown; reason: unknown }>;
}

/**
 * Server certificate authority, server URI, key and certificate of the mode in use (fcc_verification.c of mbed-cloud-client).
 * The bootstrap authority is itself the trusted source of time here, so the old warning that none was set does not
 * arise.
 */
export async function checkSecurityObjects(list: Checklist, mode: Mode): Promise<void> {
  const used = securityObjects[mode];
  const other = securityObjects[mode === 'bootstrap' ? 'lwm2m' : 'bootstrap'];
  const redundant = (name: string, type: ItemType) => {
    if (list.has(name, type)) list.warn('redundant', name, 'It belongs to the mode that is not in use.');
  };
  orStop(readCertificate(used.authority, await list.requireContent(used.authority, 'certificate')));
  redundant(other.authority, 'certificate');

  const uri = await list.requireContent(used.uri, 'config');
  redundant(other.uri, 'config');
  const accountId = await checkUri(list, used.uri, uri, mode);

  const key = orStop(readPrivateKey(used.key, await list.requireContent(used.key, 'private-key')));
  redundant(other.key, 'private-key');

  const certificate = orStop(
    readCertificate(used.certificate, await list.requireContent(used.certificate, 'certificate')),
  );
  redundant(other.certificate, 'certificate');
  const endpointName = await list.require('mbed.EndpointName', 'config');
  const unfit = judgeDeviceCertificate(used.certificate, certificate, key, endpointName);
  if (unfit) throw new Stop(unfit);
  if (mode === 'lwm2m') checkAccount(used.certificate, certificate.subject.organizationalUnit, accountId);
  if (certificate.selfSigned) list.warn('selfSigned', used.certificate, 'The device certificate is its own issuer.');
  checkValidity(list, used.certificate, certificate);
}

function checkAccount(item: string, unit = '', accountId = ''): void {
  if (unit === accountId) return;
  throw stop(
    'name',
    item,
    `Its OU is ${JSON.stringify(unit)}, and the account in the URI is ${JSON.stringify(accountId)}.`,
  );
}

async function checkUri(list: Checklist, name: string, uri: Uint8Array, mode: Mode): Promise<string | undefined> {
  const { hasScheme, accountId } = readServerUri(uri);
  if (!hasScheme) throw stop('uri', name, 'It does not begin with coaps:// or coap://.');
  if (!(await isFirstToClaim(list, name))) {
    if (accountId === undefined) throw stop('uri', name, 'It names no account (?aid=…).');
    return accountId;
  }
  if (mode === 'lwm2m') {
    throw stop('firstToClaim', 'mbed.FirstToClaim', 'A device can be claimed only through a bootstrap server.');
  }
  if (accountId !== undefined) {
    throw stop('firstToClaim', name, 'The URI names an account, so the device cannot be claimed by one.');
  }
  return undefined;
}

async function isFirstToClaim(list: Checklist, uriName: string): Promise<boolean> {
  const claim = await list.data('mbed.FirstToClaim', 'config');
  if (!claim) return false;
  if (claim.length === 4) return Buffer.from(claim).readUInt32LE() === 1;
  throw stop('size', uriName, `mbed.FirstToClaim has ${claim.length} bytes and has to have 4.`);
}
