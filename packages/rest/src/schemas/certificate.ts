import { type Static, Type } from 'typebox';
import { Etag, Id, Name, Nullable, OneOf, Text, Time } from './fields.ts';

const service = OneOf(['lwm2m', 'bootstrap'], 'Server that trusts the certificate.');
const status = OneOf(['ACTIVE', 'INACTIVE'], 'Devices of an inactive certificate are refused.');
const description = Nullable(Text('Description.', 500));
const certificate = Type.String({
  minLength: 1,
  maxLength: 100_000,
  description: 'An X.509 certificate: PEM (of a chain the first one counts) or DER in base64.',
});
const signature = Type.String({ maxLength: 10_000, description: 'Accepted for old clients and not used.' });
const enrollmentMode = Type.Boolean({ description: 'Only devices whose identity was enrolled are let in.' });

export const DeveloperCertificateRequestData = Type.Object(
  { name: Name('Name of the certificate, unique in the account.'), description: Type.Optional(description) },
  { $id: 'DeveloperCertificateRequestData' },
);
export type DeveloperCertificateRequestData = Static<typeof DeveloperCertificateRequestData>;

export const DeveloperCertificateResponseData = Type.Object(
  {
    object: OneOf(['trusted-cert'], 'Always `trusted-cert`.'),
    id: Id('The certificate; also its common name and the endpoint name of the devices that carry it.'),
    etag: Etag(),
    account_id: Id('Account of the certificate.'),
    name: Text('Name of the certificate.'),
    description,
    developer_certificate: Type.String({ description: 'The certificate, PEM.' }),
    developer_private_key: Type.String({ description: 'Its private key, PKCS#8 PEM.' }),
    security_file_content: Type.String({ description: 'The file mbed_cloud_dev_credentials.c for a device.' }),
    created_at: Time('Creation.'),
  },
  { $id: 'DeveloperCertificateResponseData' },
);
export type DeveloperCertificateResponseData = Static<typeof DeveloperCertificateResponseData>;

export const TrustedCertificateReq = Type.Object(
  {
    name: Name('Name of the certificate, unique in the account.'),
    certificate,
    service,
    description: Type.Optional(description),
    enrollment_mode: Type.Optional(enrollmentMode),
    status: Type.Optional(status),
    signature: Type.Optional(signature),
  },
  { $id: 'TrustedCertificateReq' },
);
export type TrustedCertificateReq = Static<typeof TrustedCertificateReq>;

export const TrustedCertificateUpdateReq = Type.Object(
  {
    name: Type.Optional(Name('Name of the certificate, unique in the account.')),
    certificate: Type.Optional(certificate),
    service: Type.Optional(service),
    description: Type.Optional(description),
    enrollment_mode: Type.Optional(enrollmentMode),
    status: Type.Optional(status),
    signature: Type.Optional(signature),
  },
  { $id: 'TrustedCertificateUpdateReq' },
);
export type TrustedCertificateUpdateReq = Static<typeof TrustedCertificateUpdateReq>;

export const TrustedCertificateResp = Type.Object(
  {
    object: OneOf(['trusted-cert'], 'Always `trusted-cert`.'),
    id: Id('The certificate.'),
    etag: Etag(),
    account_id: Id('Account of the certificate.'),
    owner_id: Nullable(Id('Who made it: an API key or a user.')),
    name: Text('Name of the certificate.'),
    description,
    service,
    status,
    device_execution_mode: Type.Integer({ description: '1 for a developer certificate, 0 for any other.' }),
    enrollment_mode: enrollmentMode,
    certificate: Type.String({ description: 'The certificate, PEM.' }),
    certificate_fingerprint: Type.String({ description: 'SHA-256 of the DER form, 64 hex digits.' }),
    issuer: Type.String({ description: 'Distinguished name of the issuer.' }),
    subject: Type.String({ description: 'Distinguished name of the subject.' }),
    valid: Type.Boolean({ description: 'It has not expired.' }),
    validity: Time('End of its validity.'),
    created_at: Time('Creation.'),
    updated_at: Time('Last change.'),
  },
  { $id: 'TrustedCertificateResp' },
);
export type TrustedCertificateResp = Static<typeof TrustedCertificateResp>;

export const DeviceCertificateReq = Type.Object(
  {
    endpoint_name: Type.String({
      minLength: 1,
      maxLength: 63,
      description: 'Name of the device, unique in the account; common name of the request and of the certificate.',
    }),
    csr: Type.String({
      minLength: 1,
      maxLength: 10_000,
      description: 'Certificate request (PKCS#10, PEM) for a P-256 key that the device has made.',
    }),
    replaces: Type.Optional(Id('The certificate that this device has now. It is revoked.')),
  },
  { $id: 'DeviceCertificateReq' },
);
export type DeviceCertificateReq = Static<typeof DeviceCertificateReq>;

export const DeviceCertificateResp = Type.Object(
  {
    object: OneOf(['device-certificate'], 'Always `device-certificate`.'),
    id: Id('The certificate. It stays when another one takes its place.'),
    etag: Etag(),
    account_id: Id('Account of the certificate.'),
    owner_id: Id('Who had it issued: an API key or a user.'),
    endpoint_name: Text('Name of the device.'),
    certificate: Type.String({ description: 'The certificate, PEM.' }),
    certificate_fingerprint: Type.String({ description: 'SHA-256 of the DER form, 64 hex digits.' }),
    key_id: Type.String({ description: 'Subject key identifier, 40 hex digits.' }),
    created_at: Time('Creation.'),
    updated_at: Time('When this certificate was issued.'),
  },
  { $id: 'DeviceCertificateResp' },
);
export type DeviceCertificateResp = Static<typeof DeviceCertificateResp>;

export const ServerCredentialsResponseData = Type.Object(
  {
    object: OneOf(['server-credentials'], 'Always `server-credentials`.'),
    id: Id('The credentials.'),
    etag: Etag(),
    server_certificate: Type.String({ description: 'PEM of the CA that devices check the server against.' }),
    server_uri: Type.String({ description: 'Where devices connect.', examples: ['coaps://host:5684?aid=0161…'] }),
    created_at: Time('Creation.'),
  },
  { $id: 'ServerCredentialsResponseData' },
);
export type ServerCredentialsResponseData = Static<typeof ServerCredentialsResponseData>;

export const CredentialsResponseData = Type.Object(
  {
    certificate: Type.String({ description: 'PEM of the CA that devices check the server against.' }),
    url: Type.String({ description: 'Where devices connect.' }),
  },
  { $id: 'CredentialsResponseData' },
);
export type CredentialsResponseData = Static<typeof CredentialsResponseData>;

export const AllServerCredentialsResponseData = Type.Object(
  {
    bootstrap: Type.Unsafe<CredentialsResponseData>(Type.Ref('CredentialsResponseData')),
    lwm2m: Type.Unsafe<CredentialsResponseData>(Type.Ref('CredentialsResponseData')),
  },
  { $id: 'AllServerCredentialsResponseData' },
);
export type AllServerCredentialsResponseData = Static<typeof AllServerCredentialsResponseData>;
