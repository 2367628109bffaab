export { BulkIssuer, generateRawKeyPair, type RawKeyPair } from './bulk-issuer.ts';
export {
  type Certificate,
  matches,
  parseCertificate,
  parseCertificates,
  subjectOf,
  verifySignedBy,
} from './certificate.ts';
export * as der from './der.ts';
export { type Der, derBytes } from './der.ts';
export { type DerElement, DerReader, derFrom, readWhole } from './der-reader.ts';
export { pkiErrors } from './errors.ts';
export type { Extension } from './extensions.ts';
export { type CertificateTemplate, type Issuer, issueCertificate } from './issue.ts';
export {
  exportPrivateKey,
  fingerprint,
  generateKeyPair,
  importPrivateKey,
  isPair,
  type KeyPair,
  keyTypeOf,
  spkiOf,
} from './keys.ts';
export type { Name } from './name.ts';
export { derOf, type Pem, type PemBlock, pemBlocks, pemOf } from './pem.ts';
export { keyIdentifierOf, type Profile } from './profiles.ts';
export { type Successor, signedCertificate, successorBody } from './renew.ts';
export { type CertificateRequest, createRequest, parseRequest } from './request.ts';
export { issueRevocationList, type RevocationListTemplate } from './revocation-list.ts';
export { noClockValidity } from './validity.ts';
