import { isMooringError } from '@mooring/platform';
import { findCertificate } from '../cloud/certificates.ts';
import { storeErrors } from '../errors.ts';
import type { Stores } from '../stores/stores.ts';
import { command, type Session } from './session.ts';
import { serviceOption, withService } from './store-access.ts';

export const deleteCertificate = command({
  name: 'delete-certificate',
  summary: 'Delete a certificate from the service and from the Team Store.',
  description: `Deletes the developer certificate NAME in the service, if there is one, and the certificate of that name in the Team Store, if there is one. A CA certificate in the service is left alone. Nothing is asked. Devices that were provisioned with a deleted developer certificate can no longer connect.`,
  positionals: [{ name: 'name', help: 'Name of the certificate.' }],
  options: [serviceOption, { flags: ['--local'], name: 'local', help: 'Delete in the Team Store only.' }],
  examples: [{ run: 'mbl-cli delete-certificate my-cert', does: 'deletes my-cert in both places' }],
  async run(session, values) {
    const name = String(values.name);
    const { openStores } = await import('../stores/stores.ts');
    const stores = await openStores(session.home);
    const stored = (await stores.team.names()).includes(name);
    const remote = values.local ? false : await deleteInService(session, stores, values, name, stored);
    if (stored) {
      session.output.line('Deleting certificate locally.');
      await stores.team.delete(name);
    }
    if (!stored && !remote) {
      throw storeErrors('store.certificate.unknown', {
        message: `Certificate '${name}' not found in the store, so could not be deleted.`,
        next: "'mbl-cli list-certificates' shows the names.",
        data: { name },
      });
    }
    session.output.line(`Certificate '${name}' was deleted.`);
    return { name, service: remote, store: stored };
  },
});

/** @returns true if it was there */
async function deleteInService(
  session: Session,
  stores: Stores,
  values: Readonly<Record<string, unknown>>,
  name: string,
  stored: boolean,
): Promise<boolean> {
  try {
    return await withService(session, stores, values, async (client) => {
      const found = await findCertificate(client, name);
      if (!found?.developer) return false;
      session.output.line('Deleting certificate from Device Management.');
      await client.trustedCertificates.delete(found.id);
      return true;
    });
  } catch (error) {
    // An update certificate lives in the Team Store alone: no service is needed to delete it.
    if (!isMooringError(error) || error.code === 'interrupted' || !stored) throw error;
    const certificate = await stores.team.find(name).catch(() => undefined);
    if (certificate?.kind !== 'update') throw error;
    session.remark(`The service was not asked: ${error.message}`);
    return false;
  }
}
