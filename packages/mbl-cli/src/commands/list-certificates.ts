import { listCertificates as listInService } from '../cloud/certificates.ts';
import { command } from './session.ts';
import { serviceOption, withService } from './store-access.ts';

export const listCertificates = command({
  name: 'list-certificates',
  summary: 'Show the certificates in the service and in the Team Store.',
  description: `Shows the names of the certificates that the account has in the service, ordinary CA certificates included, then those of the developer and update certificates in the Team Store.`,
  options: [serviceOption, { flags: ['--local'], name: 'local', help: 'Do not ask the service.' }],
  examples: [{ run: 'mbl-cli list-certificates', does: 'shows all certificates' }],
  async run(session, values) {
    const { openStores } = await import('../stores/stores.ts');
    const stores = await openStores(session.home);
    const { output } = session;
    const service = values.local
      ? undefined
      : await withService(session, stores, values, (client) => listInService(client));
    const store = await stores.team.names();
    if (service) {
      output.line('Developer certificates in Pelion Device Management: ');
      output.line(`${service.map(({ name }) => name).join('\n')}\n`);
    }
    output.line('Developer and update certificates in local storage:');
    output.line(`${store.join('\n')}\n`);
    return { ...(service ? { service } : {}), store, storeFolder: stores.team.folder };
  },
});
