import type { Peer } from './channel.ts';

/** Why a connection never became a channel. These are names in events and metrics: none is ever renamed. */
export type RefusalReason =
  /** As many connections as may be there in all, from this address, or with this certificate. */
  | 'limit'
  | 'address-limit'
  | 'certificate-limit'
  /** The handshake, with the decision on trust, took too long. */
  | 'timeout'
  /** It ended the connection before the handshake was done, without a word. */
  | 'closed'
  /** It ended the handshake with a TLS alert; the detail is its text. */
  | 'alert'
  /** No version, cipher suite, group, signature algorithm or application protocol in common. */
  | 'nothing-in-common'
  /** What came is not a handshake, or a forged or broken one. */
  | 'malformed'
  | 'no-certificate'
  | 'bad-certificate'
  | 'not-yet-valid'
  | 'expired'
  | 'revoked'
  | 'untrusted'
  /** A pre-shared key's identity that is not known, or a wrong key. */
  | 'unknown-identity';

export interface Refusal {
  readonly peer: Peer;
  readonly reason: RefusalReason;
  /** For people: what OpenSSL or whoever decided said. */
  readonly detail: string;
}

/** What whoever decides on trust says of a chain of certificates. */
export type Verdict<Identity> =
  | { readonly trusted: true; readonly identity: Identity }
  | { readonly trusted: false; readonly reason: RefusalReason; readonly detail: string };

const byCertificateError: Readonly<Record<string, RefusalReason>> = {
  CERT_NOT_YET_VALID: 'not-yet-valid',
  CERT_HAS_EXPIRED: 'expired',
  CERT_REVOKED: 'revoked',
  CERT_SIGNATURE_FAILURE: 'bad-certificate',
  ERROR_IN_CERT_NOT_BEFORE_FIELD: 'bad-certificate',
  ERROR_IN_CERT_NOT_AFTER_FIELD: 'bad-certificate',
};

/** By OpenSSL's name of a verification error (X509_V_ERR_… without the beginning). */
export function reasonOfVerification(code: string): RefusalReason {
  return byCertificateError[code] ?? 'untrusted';
}

const nothingInCommon =
  /NO_SHARED_CIPHER|UNSUPPORTED_PROTOCOL|VERSION_TOO_LOW|NO_SHARED_GROUP|NO_SUITABLE_KEY_SHARE|NO_(SHARED|SUITABLE)_SIGNATURE_ALGORITHM|NO_APPLICATION_PROTOCOL|WRONG_SIGNATURE_TYPE/;
const badCertificate = /BAD_SIGNATURE|CERTIFICATE|WRONG_CURVE|ILLEGAL_CURVE|ASN1|X509|CERT_LENGTH/;

/** By the code and text of an error that OpenSSL or the socket ended a handshake with. */
export function reasonOfHandshakeError(code: string | undefined, message: string): RefusalReason {
  if (code === 'ECONNRESET' || code === 'EPIPE' || code === 'ETIMEDOUT') return 'closed';
  const name = code ?? '';
  if (/_ALERT_/.test(name) || /\balert\b/.test(message)) return 'alert';
  if (/TIMEOUT/.test(name)) return 'timeout';
  if (nothingInCommon.test(name)) return 'nothing-in-common';
  if (/DID_NOT_RETURN_A_CERTIFICATE/.test(name)) return 'no-certificate';
  if (/PSK|IDENTITY/.test(name)) return 'unknown-identity';
  if (badCertificate.test(name)) return 'bad-certificate';
  return 'malformed';
}
