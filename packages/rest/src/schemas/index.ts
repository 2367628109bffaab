import type { Static } from 'typebox';
import { ApiKeyInfoResp } from './account.ts';
import { AuditRecordResp } from './audit.ts';
import { DeviceCertificateResp, TrustedCertificateResp } from './certificate.ts';
import { DeviceData, DeviceEventData } from './device.ts';
import { DeviceGroup } from './device-group.ts';
import { DeviceQuery } from './device-query.ts';
import { BlackListedDeviceData, EnrollmentIdentity } from './enrollment.ts';
import { ListOf } from './envelope.ts';
import { FirmwareImage, FirmwareManifest, UpdateCertificate, UploadChunkInfo, UploadJob } from './firmware.ts';
import { ActiveSession, GroupSummary, UserInfoResp, UserInvitationResp } from './people.ts';
import { CampaignDeviceMetadata, EventType, EventTypeSummary, UpdateCampaign } from './update-campaign.ts';
import { UpdateForecastDevice } from './update-forecast.ts';

export {
  AccountInfo,
  AccountUpdateReq,
  ApiKeyInfoReq,
  ApiKeyInfoResp,
  ApiKeyUpdateReq,
  FeaturePolicy,
  PasswordPolicy,
} from './account.ts';
export { AuditRecordResp } from './audit.ts';
export {
  AllServerCredentialsResponseData,
  CredentialsResponseData,
  DeveloperCertificateRequestData,
  DeveloperCertificateResponseData,
  DeviceCertificateReq,
  DeviceCertificateResp,
  ServerCredentialsResponseData,
  TrustedCertificateReq,
  TrustedCertificateResp,
  TrustedCertificateUpdateReq,
} from './certificate.ts';
export { CertificateEnrollment } from './certificate-renewal.ts';
export {
  AsyncID,
  AsyncIDResponse,
  ChannelMetadata,
  DeviceRequest,
  EndpointData,
  NotificationData,
  NotificationMessage,
  Presubscription,
  PresubscriptionArray,
  RegisterWebsocketChannel,
  Resource,
  ResourceArray,
  SerializationConfigData,
  Webhook,
  WebsocketChannel,
} from './connect.ts';
export { DeviceBlock, DeviceData, DeviceDataPostRequest, DeviceDataPutRequest, DeviceEventData } from './device.ts';
export { DeviceGroup, DeviceGroupManipulation, DeviceGroupReq } from './device-group.ts';
export { DeviceQuery, DeviceQueryPostPutRequest, DeviceQueryPutRequest } from './device-query.ts';
export { BlackListedDeviceData, BulkResponse, EnrollmentId, EnrollmentIdentity } from './enrollment.ts';
export { ErrorResponse, ListOf } from './envelope.ts';
export {
  FirmwareImage,
  FirmwareImageForm,
  FirmwareManifest,
  FirmwareManifestForm,
  UpdateCertificate,
  UpdateCertificateReq,
  UploadChunkInfo,
  UploadJob,
  UploadJobReq,
} from './firmware.ts';
export { Attention, Overview, TrendDay } from './overview.ts';
export {
  ActiveSession,
  GroupCreationInfo,
  GroupSummary,
  GroupUpdateInfo,
  IdList,
  LoginHistory,
  LoginProfile,
  OneTimeLink,
  SubjectList,
  UserInfoReq,
  UserInfoResp,
  UserInvitationReq,
  UserInvitationResp,
  UserUpdateReq,
} from './people.ts';
export {
  LinkFacts,
  LinkRedemption,
  LinkToken,
  PasswordChange,
  PasswordProof,
  PortalSession,
  PortalState,
  ScratchCodes,
  SignInReq,
  TotpCode,
  TotpSetup,
} from './portal.ts';
export { ListOfPreSharedKeysWithoutSecret, PreSharedKey, PreSharedKeyWithoutSecret } from './pre-shared-key.ts';
export {
  CampaignDeviceMetadata,
  CampaignMetrics,
  EventType,
  EventTypeSummary,
  UpdateCampaign,
  UpdateCampaignPostRequest,
  UpdateCampaignPutRequest,
} from './update-campaign.ts';
export { UpdateForecast, UpdateForecastDevice } from './update-forecast.ts';
export { Metric, MetricPage } from './usage.ts';

export const ApiKeyInfoRespList = ListOf('ApiKeyInfoRespList', ApiKeyInfoResp);
export type ApiKeyInfoRespList = Static<typeof ApiKeyInfoRespList>;

export const DeviceCertificateRespList = ListOf('DeviceCertificateRespList', DeviceCertificateResp);
export type DeviceCertificateRespList = Static<typeof DeviceCertificateRespList>;

export const TrustedCertificateRespList = ListOf('TrustedCertificateRespList', TrustedCertificateResp);
export type TrustedCertificateRespList = Static<typeof TrustedCertificateRespList>;

export const DevicePage = ListOf('DevicePage', DeviceData);
export type DevicePage = Static<typeof DevicePage>;

export const DeviceEventPage = ListOf('DeviceEventPage', DeviceEventData);
export type DeviceEventPage = Static<typeof DeviceEventPage>;

export const DeviceGroupPage = ListOf('DeviceGroupPage', DeviceGroup);
export type DeviceGroupPage = Static<typeof DeviceGroupPage>;

export const DeviceQueryPage = ListOf('DeviceQueryPage', DeviceQuery);
export type DeviceQueryPage = Static<typeof DeviceQueryPage>;

export const EnrollmentIdentities = ListOf('EnrollmentIdentities', EnrollmentIdentity);
export type EnrollmentIdentities = Static<typeof EnrollmentIdentities>;

export const DenialAttemptsResponse = ListOf('DenialAttemptsResponse', BlackListedDeviceData);
export type DenialAttemptsResponse = Static<typeof DenialAttemptsResponse>;

export const GroupSummaryList = ListOf('GroupSummaryList', GroupSummary);
export type GroupSummaryList = Static<typeof GroupSummaryList>;

export const UserInfoRespList = ListOf('UserInfoRespList', UserInfoResp);
export type UserInfoRespList = Static<typeof UserInfoRespList>;

export const UserInvitationRespList = ListOf('UserInvitationRespList', UserInvitationResp);
export type UserInvitationRespList = Static<typeof UserInvitationRespList>;

export const ActiveSessionList = ListOf('ActiveSessionList', ActiveSession);
export type ActiveSessionList = Static<typeof ActiveSessionList>;
export const FirmwareImagePage = ListOf('FirmwareImagePage', FirmwareImage);
export type FirmwareImagePage = Static<typeof FirmwareImagePage>;

export const UploadJobPage = ListOf('UploadJobPage', UploadJob);
export type UploadJobPage = Static<typeof UploadJobPage>;

export const UploadChunkInfoPage = ListOf('UploadChunkInfoPage', UploadChunkInfo);
export type UploadChunkInfoPage = Static<typeof UploadChunkInfoPage>;

export const FirmwareManifestPage = ListOf('FirmwareManifestPage', FirmwareManifest);
export type FirmwareManifestPage = Static<typeof FirmwareManifestPage>;

export const UpdateCertificatePage = ListOf('UpdateCertificatePage', UpdateCertificate);
export type UpdateCertificatePage = Static<typeof UpdateCertificatePage>;

export const UpdateCampaignPage = ListOf('UpdateCampaignPage', UpdateCampaign);
export type UpdateCampaignPage = Static<typeof UpdateCampaignPage>;

export const CampaignDeviceMetadataPage = ListOf('CampaignDeviceMetadataPage', CampaignDeviceMetadata);
export type CampaignDeviceMetadataPage = Static<typeof CampaignDeviceMetadataPage>;

export const EventTypeSummaryList = ListOf('EventTypeSummaryList', EventTypeSummary);
export type EventTypeSummaryList = Static<typeof EventTypeSummaryList>;

export const EventTypeList = ListOf('EventTypeList', EventType);
export type EventTypeList = Static<typeof EventTypeList>;

export const AuditRecordList = ListOf('AuditRecordList', AuditRecordResp);
export type AuditRecordList = Static<typeof AuditRecordList>;

export const UpdateForecastDevicePage = ListOf('UpdateForecastDevicePage', UpdateForecastDevice);
export type UpdateForecastDevicePage = Static<typeof UpdateForecastDevicePage>;
