import type { Certificate } from '@mooring/pki';
import { type ChainFault, traceChain } from './chain.ts';

/** The server that a device has come to. */
export type Server = 'bootstrap' | 'lwm2m';

/** Why a device is not let in. */
export type DenialReason =
  | ChainFault
  /** It has shown no certificate. */
  | 'certificate-missing'
  /** What it has shown is none. */
  | 'certificate-malformed'
  /** A developer certificate that was deleted. */
  | 'certificate-revoked'
  /** The trusted certificate was set inactive. */
  | 'certificate-inactive'
  /** The trusted certificate is for the other server. */
  | 'certificate-service'
  /** Several accounts trust the certificate, and nothing says which one is meant. */
  | 'account-ambiguous'
  | 'account-suspended'
  /** The endpoint name is not the one in the certificate. */
  | 'endpoint-name-foreign'
  /** Empty, too long, or with characters that no name has. */
  | 'endpoint-name-malformed'
  /** The certificate lets in only devices that are enrolled. */
  | 'not-enrolled'
  /** It claims the id of a device that is connected, with a key that both have. */
  | 'identity-live'
  | 'device-suspended'
  | 'device-limit'
  /** A pre-shared key that is not known. */
  | 'key-unknown'
  /** Credentials for the LwM2M server that were not made here, or whose device was deleted. */
  | 'credentials-unknown'
  /** The device has been given newer ones since, and has used them. */
  | 'credentials-superseded'
  | 'credentials-expired';

/** A certificate of an account that can vouch for devices. */
export interface Trusted {
  readonly id: string;
  readonly accountId: string;
  readonly certificate: Certificate;
  readonly service: Server;
  readonly active: boolean;
  readonly enrollmentMode: boolean;
  /** A developer certificate: many devices share it and its key. */
  readonly isDeveloper: boolean;
  /** The authority of ours that signed it counts no longer. */
  readonly authorityRetired: boolean;
}

/** A trusted certificate that vouches for what was shown. */
export interface Voucher {
  readonly trusted: Trusted;
  /** SHA-256 of the certificate that signed the device's, lower-case hex. */
  readonly issuerFingerprint: string;
}

/**
 * Finds the trusted certificates that vouch for what a device has shown; several accounts may have the same.
 *
 * @param revoked the leaf is a developer certificate of ours that was deleted
 */
export function vouchersFor(
  server: Server,
  shown: readonly Certificate[],
  trusted: readonly Trusted[],
  revoked: boolean,
  now: Date,
): { vouchers: readonly Voucher[] } | { denied: DenialReason; trusted?: Trusted } {
  if (revoked) return { denied: 'certificate-revoked' };
  const vouchers: Voucher[] = [];
  const byAccount = Map.groupBy(trusted, ({ accountId }) => accountId);
  let denied: { denied: DenialReason; trusted?: Trusted } = { denied: 'certificate-untrusted' };
  for (const own of byAccount.values()) {
    const [leaf] = shown;
    // A device that shows a developer certificate is vouched for by that alone.
    const candidates = own.filter(
      ({ isDeveloper, certificate }) => !isDeveloper || certificate.fingerprint === leaf?.fingerprint,
    );
    const usable = candidates.filter(
      ({ active, service, authorityRetired }) => active && service === server && !authorityRetired,
    );
    const traced = traceChain(shown, usable, now);
    if ('anchor' in traced) {
      vouchers.push({ trusted: traced.anchor, issuerFingerprint: traced.issuer.fingerprint });
      continue;
    }
    const refused = traceChain(shown, candidates, now);
    if ('anchor' in refused) {
      const { anchor } = refused;
      const reason = anchor.authorityRetired
        ? 'certificate-revoked'
        : anchor.active
          ? 'certificate-service'
          : 'certificate-inactive';
      denied = { denied: reason, trusted: anchor };
    } else if (denied.denied === 'certificate-untrusted') denied = { denied: traced.fault };
  }
  return vouchers.length > 0 ? { vouchers } : denied;
}

export interface Enrolment {
  readonly id: string;
  readonly accountId: string;
  /** The device that claimed it. */
  readonly deviceId: string | null;
}

/** Chooses among several accounts: the one where the device is enrolled, or the only one. */
export function chooseVoucher(
  vouchers: readonly Voucher[],
  enrolment: Enrolment | undefined,
): Voucher | { denied: DenialReason } {
  const enrolled = enrolment && vouchers.find(({ trusted }) => trusted.accountId === enrolment.accountId);
  if (enrolled) return enrolled;
  const [only, ...others] = vouchers;
  if (!only) return { denied: 'certificate-untrusted' };
  if (others.length > 0) return { denied: 'account-ambiguous' };
  return only;
}

/** A device as the directory knows it. */
export interface KnownDevice {
  readonly id: string;
  /** The trusted certificate that it came with. */
  readonly caId: string | null;
  readonly blocked: boolean;
}

/** All that is looked at when a device wants to join. */
export interface JoinFacts {
  /** The names that its certificate gives it: the common name, then the alternative ones. */
  readonly names: readonly string[];
  /** `ep` of its request. */
  readonly endpointName: string | undefined;
  readonly account: { readonly suspended: boolean; readonly room: boolean };
  /** Undefined for a device with a pre-shared key. */
  readonly trusted: Pick<Trusted, 'id' | 'accountId' | 'isDeveloper' | 'enrollmentMode'> | undefined;
  /** The developer certificate can have one more device. */
  readonly certificateRoom: boolean;
  readonly enrolment: Enrolment | undefined;
  /** The device that its own certificate, or its pre-shared key, says it is. */
  readonly recognised: KnownDevice | undefined;
  /** The device of this account whose id it sends as `iep`. */
  readonly claimed: (KnownDevice & { readonly live: boolean }) | undefined;
}

/** 1 developer certificate, 5 a certificate of its own, 0 a pre-shared key. */
export type ExecutionMode = 0 | 1 | 5;

export type JoinDecision =
  | { readonly denied: DenialReason }
  | {
      readonly mode: ExecutionMode;
      readonly endpointName: string;
      /** Undefined for a device that is new. */
      readonly deviceId: string | undefined;
      /** The enrolment that it claims with this. */
      readonly claims: string | undefined;
      /**
       * `claimed`: it was believed the id that it sent, with a key that others may have as well; `foreign`: it sent the
       * id of a device that came with another certificate, and was not believed.
       */
      readonly note: 'claimed' | 'foreign' | undefined;
    };

/** Clients keep it in 64 bytes with a zero at the end, and it becomes a common name. */
const longestName = 63;

function nameOf({ names, endpointName }: JoinFacts): { name: string } | { denied: DenialReason } {
  const name = endpointName || names[0] || '';
  if (name === '' || Buffer.byteLength(name) > longestName || /[\u0000-\u001f\u007f]/.test(name)) {
    return { denied: 'endpoint-name-malformed' };
  }
  return names.length > 0 && !names.includes(name) ? { denied: 'endpoint-name-foreign' } : { name };
}

/**
 * Decides whether a device joins, and which one it is.
 *
 * A certificate of its own says who a device is, whatever it sends. Devices that share a developer certificate cannot be
 * told apart by cryptography: each new one gets an id of its own, and is believed the id that it sends as `iep` unless the
 * device of that id is connected.
 */
export function decideJoin(facts: JoinFacts): JoinDecision {
  const { account, trusted, enrolment, recognised, claimed } = facts;
  if (account.suspended) return { denied: 'account-suspended' };
  const named = nameOf(facts);
  if ('denied' in named) return named;
  const isEnrolled = enrolment !== undefined && enrolment.accountId === trusted?.accountId;
  if (trusted?.enrollmentMode && !isEnrolled) return { denied: 'not-enrolled' };
  const allowed = {
    mode: trusted === undefined ? (0 as const) : trusted.isDeveloper ? (1 as const) : (5 as const),
    endpointName: named.name,
    claims: isEnrolled ? enrolment.id : undefined,
  };

  if (!trusted?.isDeveloper && recognised) {
    if (recognised.blocked) return { denied: 'device-suspended' };
    const foreign = claimed !== undefined && claimed.id !== recognised.id;
    return { ...allowed, deviceId: recognised.id, note: foreign ? 'foreign' : undefined };
  }
  if (trusted?.isDeveloper && claimed && claimed.caId === trusted.id) {
    if (claimed.blocked) return { denied: 'device-suspended' };
    if (claimed.live) return { denied: 'identity-live' };
    return { ...allowed, deviceId: claimed.id, note: 'claimed' };
  }
  if (!account.room || !facts.certificateRoom) return { denied: 'device-limit' };
  return { ...allowed, deviceId: undefined, note: claimed ? 'foreign' : undefined };
}

/** What is known of the certificate that a device shows to the LwM2M server. */
export interface CredentialFacts {
  readonly now: Date;
  readonly device: (KnownDevice & { readonly originInactive: boolean }) | undefined;
  readonly account: { readonly suspended: boolean };
  readonly credentials: { readonly issuedAt: number; readonly notAfter: number; readonly authorityRetired: boolean };
  /** When the newest credentials were made that the device has used. */
  readonly newestUsed: number | undefined;
}

/**
 * Decides whether a device with credentials that were made here may talk to the LwM2M server. Older ones end when newer ones
 * were used, and not before: a device that was interrupted still has only the old ones.
 */
export function decideAdmission(facts: CredentialFacts): { denied: DenialReason } | { deviceId: string } {
  const { now, device, account, credentials, newestUsed } = facts;
  if (!device || credentials.authorityRetired) return { denied: 'credentials-unknown' };
  if (account.suspended) return { denied: 'account-suspended' };
  if (device.blocked) return { denied: 'device-suspended' };
  if (device.originInactive) return { denied: 'certificate-inactive' };
  if (credentials.notAfter < now.getTime()) return { denied: 'credentials-expired' };
  if (newestUsed !== undefined && credentials.issuedAt < newestUsed) return { denied: 'credentials-superseded' };
  return { deviceId: device.id };
}
