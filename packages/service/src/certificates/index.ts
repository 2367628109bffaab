export {
  type Authority,
  activeAuthority,
  authorityPurposes,
  countingAuthorities,
  signingAuthority,
} from './authorities.ts';
export {
  createDeveloperCertificate,
  type DeveloperCertificate,
  getDeveloperCertificate,
} from './developer-certificates.ts';
export {
  type DeviceCertificate,
  deleteDeviceCertificate,
  getDeviceCertificate,
  issueDeviceCertificate,
  listDeviceCertificates,
} from './device-certificates.ts';
export { type DeviceServerCertificate, deviceServerCertificate } from './device-server-certificates.ts';
export { certificateErrors, rolloverErrors } from './errors.ts';
export { type HttpsCertificate, issueHttpsCertificate } from './https-certificate.ts';
export { knownCertificate } from './known-certificates.ts';
export { developerRevocationList, developerRevocationLists, isRevoked } from './revocation.ts';
export {
  beginRollover,
  cancelRollover,
  finishRollover,
  type ListedAuthority,
  listAuthorities,
  type Rollover,
  serverChain,
} from './rollover.ts';
export { type ServerCredentials, serverCredentials } from './server-credentials.ts';
export { plainServerUri, serverUri } from './server-uris.ts';
export {
  createTrustedCertificate,
  deleteTrustedCertificate,
  getTrustedCertificate,
  listTrustedCertificates,
  type TrustedCertificate,
  updateTrustedCertificate,
} from './trusted-certificates.ts';
