import { writeDeveloperCredentials } from '@mooring/credentials';
import {
  type Der,
  derBytes,
  exportPrivateKey,
  generateKeyPair,
  issueCertificate,
  noClockValidity,
  parseCertificate,
  pemOf,
} from '@mooring/pki';
import { isMooringError } from '@mooring/platform';
import { newId } from '../accounts/ids.ts';
import { audit } from '../audit/records.ts';
import type { Actor, Domain } from '../storage/context.ts';
import { activeAuthority, signingAuthority } from './authorities.ts';
import { certificateErrors } from './errors.ts';
import { serverUri } from './server-uris.ts';
import {
  certificateColumns,
  checkCertificateLimit,
  getTrustedCertificate,
  type TrustedCertificate,
  uniqueCertificateName,
} from './trusted-certificates.ts';

export interface DeveloperCertificate extends TrustedCertificate {
  /** PKCS#8 PEM. */
  privateKeyPem: string;
  /** The file mbed_cloud_dev_credentials.c, with the addresses that the service has now. */
  credentialsFile: string;
}

export interface DeveloperCertificateInput {
  name: string;
  description?: string | null;
}

const sealingContext = (id: string): string => `developer_certificates/${id}/private_key`;

async function credentialsFile(domain: Domain, trusted: TrustedCertificate, privateKey: Der): Promise<string> {
  const { accountId } = trusted;
  try {
    return writeDeveloperCredentials({
      endpointName: trusted.id,
      accountId,
      bootstrapServerUri: serverUri(domain.settings, 'bootstrap', accountId),
      deviceCertificate: trusted.certificate.der,
      bootstrapServerCa: (await activeAuthority(domain, accountId, 'bootstrap')).certificate.der,
      lwm2mServerCa: (await activeAuthority(domain, accountId, 'lwm2m')).certificate.der,
      devicePrivateKey: privateKey,
    });
  } catch (error) {
    // Everything in it is ours but the host name.
    if (!isMooringError(error) || !error.code.startsWith('credentials.')) throw error;
    throw certificateErrors('service.address.unusable', {
      message: `The public host "${domain.settings.publicHost}" cannot stand in a file for devices: ${error.message}`,
      next: 'Start the service with another --public-host.',
      cause: error,
    });
  }
}

async function withSecrets(
  domain: Domain,
  trusted: TrustedCertificate,
  privateKey: Der,
): Promise<DeveloperCertificate> {
  return {
    ...trusted,
    privateKeyPem: pemOf('PRIVATE KEY', privateKey),
    credentialsFile: await credentialsFile(domain, trusted, privateKey),
  };
}

/**
 * Makes a developer certificate: a key and a leaf of the account's developer CA, whose common name is its id, which
 * is the endpoint name of every device that carries it.
 *
 * @throws MooringError `certificate.name.taken`, `certificate.limit`, `service.address.unusable`
 */
export async function createDeveloperCertificate(
  domain: Domain,
  actor: Actor,
  input: DeveloperCertificateInput,
): Promise<DeveloperCertificate> {
  const { accountId } = actor;
  const id = newId(domain.clock);
  const now = domain.clock.now().getTime();
  const { privateKey, publicKey } = generateKeyPair();
  const keyDer = exportPrivateKey(privateKey, 'pkcs8', 'der');
  return uniqueCertificateName(input.name, () =>
    domain.storage.transaction(async (db) => {
      await checkCertificateLimit(domain, actor, true);
      const authority = await signingAuthority(domain, accountId, 'developer');
      const certificate = parseCertificate(
        issueCertificate({
          subject: { organization: 'Mooring', organizationalUnit: accountId, commonName: id },
          subjectKey: publicKey,
          issuer: authority.issuer,
          profile: 'developer',
          ...noClockValidity,
        }),
      );
      await db
        .insertInto('trusted_certificates')
        .values({
          id,
          account_id: accountId,
          name: input.name,
          description: input.description ?? null,
          service: 'bootstrap',
          status: 'ACTIVE',
          enrollment_mode: 0,
          device_execution_mode: 1,
          ...certificateColumns(certificate),
          authority_id: authority.id,
          owner_id: actor.kind === 'operator' ? null : actor.id,
          created_at: now,
          updated_at: now,
          etag: 1,
        })
        .execute();
      await db
        .insertInto('developer_certificates')
        .values({ id, account_id: accountId, private_key_sealed: domain.vault.seal(sealingContext(id), keyDer) })
        .execute();
      await audit(domain, actor, {
        action: 'developer-certificate.created',
        subjectKind: 'trusted-certificate',
        subjectId: id,
        detail: { name: input.name, fingerprint: certificate.fingerprint },
      });
      return withSecrets(domain, await getTrustedCertificate(domain, actor, id), keyDer);
    }),
  );
}

/** @throws MooringError `certificate.not.found`, also for a trusted certificate that is no developer certificate */
export async function getDeveloperCertificate(domain: Domain, actor: Actor, id: string): Promise<DeveloperCertificate> {
  const row = await domain.storage.db
    .selectFrom('developer_certificates')
    .select('private_key_sealed')
    .where('account_id', '=', actor.accountId)
    .where('id', '=', id)
    .executeTakeFirst();
  if (!row) {
    throw certificateErrors('certificate.not.found', {
      message: `There is no developer certificate with the id ${id}.`,
      next: 'List the trusted certificates for their ids.',
    });
  }
  const privateKey = derBytes(domain.vault.open(sealingContext(id), row.private_key_sealed));
  return withSecrets(domain, await getTrustedCertificate(domain, actor, id), privateKey);
}
