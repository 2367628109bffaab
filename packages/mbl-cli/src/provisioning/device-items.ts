import { isIP } from 'node:net';
import type { BinItem } from '@mooring/credentials';
import { nameIn } from '../devices/choice.ts';
import { withoutZone } from '../discovery/records.ts';
import type { Connection } from '../ssh/connection.ts';
import { run, succeeded } from '../ssh/remote-command.ts';
import { type JournalEntry, setOf } from './journal.ts';
import { type DeviceCertificates, endpointNameOf, keyUnsupported, makesKeys, ownCredentials } from './own-key.ts';
import type { Supplied } from './supply.ts';

/** Whose key a device is to have. */
export interface KeyChoice {
  /** One that it makes itself. */
  perDevice: boolean;
  /** That of the developer certificate, where the device cannot make one. */
  allowShared: boolean;
  /** The certificate for its endpoint name may be replaced, whoever has it. */
  renew: boolean;
  /** Its host name if absent. */
  endpointName?: string | undefined;
}

/** What one device is given. */
export interface DeviceItems {
  items: readonly BinItem[];
  own?: { endpointName: string; certificateId: string };
  /** What is to be told of it. */
  remark?: string;
}

/** Names what devices are given, however they come by their keys. */
export const setFor = (
  { developer, update }: Pick<Supplied, 'developer' | 'update'>,
  { perDevice }: KeyChoice,
): string =>
  setOf([developer.items, update.items, perDevice ? [{ name: 'per-device-key', data: new Uint8Array() }] : []]);

/**
 * The files for one device: those of the certificates, with the shared private key or with a certificate for a key that
 * the device makes.
 *
 * @param earlier what the journal says of this very device, so that its certificate can be replaced
 * @throws MooringError `provision.key.*`, `provision.endpoint.taken`, `rest.*`
 */
export async function itemsFor(
  connection: Connection,
  { developer, update }: Supplied,
  choice: KeyChoice,
  service: DeviceCertificates & { find(endpointName: string): Promise<string | undefined> },
  earlier: JournalEntry | undefined,
  signal: AbortSignal,
): Promise<DeviceItems> {
  const shared = [...developer.items, ...update.items];
  if (!choice.perDevice) return { items: shared };
  if (!(await makesKeys(connection, signal))) {
    if (!choice.allowShared) throw keyUnsupported(connection);
    const remark = `it has the key of '${developer.name}', as others do: its provisioning program is MBL's and makes none`;
    return { items: shared, remark };
  }
  const endpointName = choice.endpointName ?? (await hostNameOf(connection, signal));
  const replaces = choice.renew
    ? await service.find(endpointName)
    : earlier?.endpointName === endpointName
      ? earlier.certificateId
      : undefined;
  const { items, certificateId } = await ownCredentials(connection, developer, service, {
    endpointName,
    replaces,
    signal,
  });
  return {
    items: [...items, ...update.items],
    own: { endpointName, certificateId },
    remark: `its key is its own, its endpoint name ${endpointName}`,
  };
}

async function hostNameOf(connection: Connection, signal: AbortSignal): Promise<string> {
  const known = nameIn(connection.target.name);
  if (isIP(withoutZone(known)) === 0 && !/[[\]:]/.test(known)) return endpointNameOf(known);
  const said = await run(connection, 'hostname', { signal });
  const name = said.stdout.toString('utf8').trim();
  if (succeeded(said) && name !== '') return endpointNameOf(name);
  return endpointNameOf(known);
}
