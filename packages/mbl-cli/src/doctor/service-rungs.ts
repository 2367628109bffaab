import { parseCertificates, verifySignedBy } from '@mooring/pki';
import { isMooringError } from '@mooring/platform';
import type { RestClient, Surroundings } from '@mooring/rest';
import { accessOf } from '../cloud/access.ts';
import { findCertificate } from '../cloud/certificates.ts';
import { clientFor } from '../cloud/client.ts';
import { commandLine } from '../ssh/quote.ts';
import type { StoredCertificate } from '../stores/stored-certificate.ts';
import { deviceCertificateOf, itemOf } from './certificate-rungs.ts';
import { type Examination, left } from './examination.ts';
import type { Finding, Rung } from './ladder.ts';

/** @param option `--service` */
export function serviceRung(examined: Examination, around: Surroundings, option: string | undefined): Rung {
  return {
    name: 'service',
    needs: [],
    async probe() {
      const access = await accessOf(await examined.user.read(), around, option);
      examined.client = clientFor(access, examined.signal);
      const account = await examined.client.account();
      examined.account = account;
      const says = `${access.url} (from ${access.urlFrom}) knows the API key (from ${access.keyFrom}), account ${account.display_name || account.id}`;
      return { state: 'ok', says: [says, ...(await lacksOf(examined.client))].join('. ') };
    },
  };
}

/** What a Mooring service says that it has to do without; of any other, and of one that is not well, nothing. */
async function lacksOf(client: RestClient): Promise<readonly string[]> {
  const { lacks } = await client.readiness().catch(() => ({ lacks: undefined }));
  if (!Array.isArray(lacks)) return [];
  return lacks.flatMap((lack) => (typeof lack?.message === 'string' ? [lack.message.replace(/\.$/, '')] : []));
}

/** As far as the REST interface tells: the service has this very certificate, and the servers' CAs are those stored. */
export function chainRung(examined: Examination): Rung {
  return {
    name: 'chain',
    needs: ['key pair', 'service'],
    async probe() {
      const name = left(examined.names.developer);
      const [stored, client] = [left(examined.developer), left(examined.client)];
      return (await certificateTrouble(name, stored, client)) ?? (await serverTrouble(name, stored, client));
    },
  };
}

async function certificateTrouble(
  name: string,
  stored: StoredCertificate,
  client: RestClient,
): Promise<Finding | undefined> {
  const found = await findCertificate(client, name);
  const anew = `Delete the stored one (${commandLine(['mbl-cli', 'delete-certificate', '--local', name])}), then provision again: with '-c' if the service has none of that name.`;
  if (!found?.developer) {
    const says = `The service has no developer certificate '${name}': it was deleted, or made in another account.`;
    return { state: 'broken', says, mend: anew };
  }
  const entry = await client.trustedCertificates.get(found.id);
  if (entry.status === 'INACTIVE') {
    const says = `The service has switched the certificate '${name}' off.`;
    return { state: 'broken', says, mend: 'Set its status to ACTIVE in the service, or make another one.' };
  }
  const pem = entry.certificate ?? (await client.developerCertificates.get(found.id)).developer_certificate;
  const own = deviceCertificateOf(stored);
  const [its] = parseCertificates(pem);
  if (its?.fingerprint !== own.fingerprint) {
    const says = `The service has another certificate '${name}' than the Team Store.`;
    return { state: 'broken', says, mend: anew };
  }
  if (own.selfSigned) return undefined;
  // Mooring's own authority is not in the list; one that a user uploaded is.
  for await (const { subject, certificate } of client.trustedCertificates.list({})) {
    const [issuer] = subject === own.issuerText && certificate ? parseCertificates(certificate) : [];
    if (issuer && issuer.fingerprint !== own.fingerprint && !verifySignedBy(own, issuer)) {
      const says = `'${name}' names ${own.issuerText} as its issuer, which did not sign it.`;
      return { state: 'broken', says, mend: anew };
    }
  }
  return undefined;
}

async function serverTrouble(name: string, stored: StoredCertificate, client: RestClient): Promise<Finding> {
  const own = deviceCertificateOf(stored);
  const issued = own.selfSigned ? 'self-signed' : `issued by ${own.issuerText}`;
  const known = `the service has '${name}' (${issued})`;
  const credentials = await client.serverCredentials.all().catch((error: unknown) => {
    if (isMooringError(error) && ['rest.forbidden', 'rest.not.found'].includes(error.code)) return undefined;
    throw error;
  });
  if (!credentials) return { state: 'ok', says: `${known}; it does not tell the CAs of its servers` };
  const mend = `Devices keep what they are given. Have the service make another certificate ('-c'), and provision the devices with it.`;
  for (const [server, item, { certificate }] of [
    ['bootstrap', 'MBED_CLOUD_DEV_BOOTSTRAP_SERVER_ROOT_CA_CERTIFICATE', credentials.bootstrap],
    ['LwM2M', 'MBED_CLOUD_DEV_LWM2M_SERVER_ROOT_CA_CERTIFICATE', credentials.lwm2m],
  ] as const) {
    const ca = itemOf(stored, item);
    // Older credentials have no CA of the LwM2M server: the device gets it at bootstrap.
    if (ca.length === 0) continue;
    const [theirs, ours] = [parseCertificates(certificate), parseCertificates(ca)];
    if (!theirs.some(({ fingerprint }) => ours.some((one) => one.fingerprint === fingerprint))) {
      const says = `The ${server} CA stored with '${name}' is not the one that the service's ${server} server uses.`;
      return { state: 'broken', says, mend };
    }
  }
  const uri = itemOf(stored, 'MBED_CLOUD_DEV_BOOTSTRAP_SERVER_URI').toString('utf8');
  if (credentials.bootstrap.url !== uri) {
    return {
      state: 'broken',
      says: `'${name}' sends devices to ${uri}, and the service's bootstrap server is ${credentials.bootstrap.url}.`,
      mend: `Give the service its old address again (--public-host). ${mend}`,
    };
  }
  return { state: 'ok', says: `${known}, and its servers have the CAs that are stored` };
}
