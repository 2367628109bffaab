import { isIP } from 'node:net';
import {
  type Der,
  derOf,
  exportPrivateKey,
  generateKeyPair,
  issueCertificate,
  noClockValidity,
  pemOf,
} from '@mooring/pki';
import type { Domain } from '../storage/context.ts';
import { signingAuthority } from './authorities.ts';
import { serverChain } from './rollover.ts';

/** What a server that devices connect to shows them. */
export interface DeviceServerCertificate {
  /** PKCS#8 PEM. */
  readonly key: string;
  /** PEM: the certificate, and above it what a device needs that knows the authority of before a rollover. */
  readonly chain: string;
  readonly leaf: Der;
  readonly authorityId: string;
}

interface Kept {
  authorityId: string;
  certificate: string;
  /** Base64, under the vault. */
  key: string;
}

const settingOf = (server: string): string => `server-certificate/${server}`;

/**
 * The certificate of the bootstrap or LwM2M server. It stays the same until its authority is replaced: a standard client
 * of version 1.0 was given the certificate itself to know the server by. Valid from 1970 to 9999, for devices without a clock.
 */
export async function deviceServerCertificate(
  domain: Domain,
  accountId: string,
  server: 'bootstrap' | 'lwm2m',
): Promise<DeviceServerCertificate> {
  return domain.storage.transaction(async (db) => {
    const authority = await signingAuthority(domain, accountId, server);
    const name = settingOf(server);
    const row = await db
      .selectFrom('settings')
      .select('value_json')
      .where('account_id', '=', accountId)
      .where('name', '=', name)
      .executeTakeFirst();
    const kept = row && (JSON.parse(row.value_json) as Kept);
    const above = (await serverChain(domain, accountId, server)).map((der) => pemOf('CERTIFICATE', der));
    const context = `settings/${accountId}/${name}`;
    if (kept?.authorityId === authority.id) {
      const key = Buffer.from(domain.vault.open(context, Buffer.from(kept.key, 'base64'))).toString('utf8');
      const leaf = derOf(kept.certificate, 'CERTIFICATE');
      return { key, chain: [kept.certificate, ...above].join(''), leaf, authorityId: authority.id };
    }
    const { privateKey, publicKey } = generateKeyPair();
    const { publicHost } = domain.settings;
    const leaf = issueCertificate({
      subject: {
        organization: 'Mooring',
        organizationalUnit: accountId,
        commonName: publicHost.slice(0, 64),
      },
      subjectKey: publicKey,
      issuer: authority.issuer,
      profile: 'server',
      // Pelion's clients look at no name; others do (RFC 6125).
      ...(isIP(publicHost) === 0 ? { dnsNames: [publicHost] } : { ipAddresses: [publicHost] }),
      ...noClockValidity,
    });
    const key = exportPrivateKey(privateKey, 'pkcs8', 'pem');
    const certificate = pemOf('CERTIFICATE', leaf);
    const sealed = Buffer.from(domain.vault.seal(context, Buffer.from(key))).toString('base64');
    const values = {
      value_json: JSON.stringify({ authorityId: authority.id, certificate, key: sealed } satisfies Kept),
      updated_at: domain.clock.now().getTime(),
    };
    await db
      .insertInto('settings')
      .values({ account_id: accountId, name, ...values })
      .onConflict((conflict) => conflict.columns(['account_id', 'name']).doUpdateSet(values))
      .execute();
    return { key, chain: [certificate, ...above].join(''), leaf, authorityId: authority.id };
  });
}
