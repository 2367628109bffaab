import { type BinItem, lwm2mCredentialItems, provisioningItems } from '@mooring/credentials';
import type { SecureStorage } from '@mooring/device';
import { failed } from './command.ts';
import type { Transcript } from './transcript.ts';

/** `mbed.UseBootstrap`: 1, 4 bytes little endian. */
const useBootstrap = Uint8Array.from([1, 0, 0, 0]);

/**
 * Compares the secure storage of the device with what it should have been given, item by item.
 *
 * @param issued items of the service's C file and of the update resources, by the name of the C variable
 * @throws MooringError `quickstart.step.failed` for the first difference
 */
export async function verifyStorage(
  storage: SecureStorage,
  issued: readonly BinItem[],
  transcript: Transcript,
): Promise<void> {
  const wanted = new Map(issued.map(({ name, data }) => [name, data]));
  for (const { name, type, source } of provisioningItems) {
    const expected = source === undefined ? useBootstrap : wanted.get(source);
    if (!expected) throw failed(`Nothing that was issued has ${source}, which ${name} is made from.`);
    const stored = await storage.get(name);
    if (!stored) throw failed(`The device's secure storage has no ${name}.`);
    if (stored.type !== type) throw failed(`${name} is stored as ${stored.type}, not as ${type}.`);
    if (!Buffer.from(stored.data).equals(expected)) {
      throw failed(`${name} in the device's secure storage is not what was issued.`, {
        stored: stored.data.length,
        issued: expected.length,
      });
    }
    const origin = source === undefined ? 'set by provisioning' : `equals ${source}`;
    transcript.check(`${name}: ${expected.length} bytes, ${origin}`);
  }
  const foreign = await storage.read(async (snapshot) => {
    // The client is at work already: what it was given since has to be of the service that it was provisioned for.
    const accountOf = async (name: string) => {
      const uri = Buffer.from((await snapshot.get(name))?.data ?? []).toString('utf8');
      return /[?&]aid=([^&]+)/.exec(uri)?.[1];
    };
    const account = await accountOf('mbed.LwM2MServerURI');
    if (account !== undefined && account === (await accountOf('mbed.BootstrapServerURI'))) return undefined;
    const names = snapshot.items.map(({ name }) => name);
    return lwm2mCredentialItems.find(({ name }) => names.includes(name))?.name;
  });
  if (foreign) throw failed(`The device's secure storage still has ${foreign} of an earlier service.`);
  transcript.check('no LwM2M credentials of another service are left');
}
