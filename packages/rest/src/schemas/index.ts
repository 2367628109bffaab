import type { Static } from 'typebox';
import { ApiKeyInfoResp } from './account.ts';
import { TrustedCertificateResp } from './certificate.ts';
import { ListOf } from './envelope.ts';

export {
  AccountInfo,
  AccountUpdateReq,
  ApiKeyInfoReq,
  ApiKeyInfoResp,
  ApiKeyUpdateReq,
  FeaturePolicy,
  PasswordPolicy,
} from './account.ts';
export {
  AllServerCredentialsResponseData,
  CredentialsResponseData,
  DeveloperCertificateRequestData,
  DeveloperCertificateResponseData,
  ServerCredentialsResponseData,
  TrustedCertificateReq,
  TrustedCertificateResp,
  TrustedCertificateUpdateReq,
} from './certificate.ts';
export { ErrorResponse, ListOf } from './envelope.ts';

export const ApiKeyInfoRespList = ListOf('ApiKeyInfoRespList', ApiKeyInfoResp);
export type ApiKeyInfoRespList = Static<typeof ApiKeyInfoRespList>;

export const TrustedCertificateRespList = ListOf('TrustedCertificateRespList', TrustedCertificateResp);
export type TrustedCertificateRespList = Static<typeof TrustedCertificateRespList>;
