import { type Static, Type } from 'typebox';
import { FineTime, Id, Line, Nullable, OneOf, Prose, TimeEtag } from './fields.ts';

const name = (what: string) => Line(`Name of the ${what}; it need not be unique.`, 128);
const description = Prose('Description.', 2000);
const sha256 = (description: string) => Type.String({ description, pattern: '^[a-f0-9]{64}$' });
const size = (description: string) => Type.Integer({ description, minimum: 0 });

export const FirmwareImage = Type.Object(
  {
    object: Type.String({ description: 'Always `firmware-image`.' }),
    id: Id('The image.'),
    etag: TimeEtag(),
    name: name('image'),
    description,
    datafile: Type.String({ description: 'Where devices download it: the URI for a manifest. It cannot be guessed.' }),
    short_datafile: Type.String({ description: 'The same without the name of the file, for small manifests.' }),
    datafile_checksum: sha256('SHA-256 of the image, hex.'),
    datafile_size: size('Bytes of the image.'),
    datafile_expires_at: Nullable(
      FineTime('Until when the link is good if no campaign needs it longer; null for no end. Beyond the old service.'),
    ),
    created_at: FineTime('Creation.'),
    updated_at: FineTime('Last change.'),
  },
  { $id: 'FirmwareImage' },
);
export type FirmwareImage = Static<typeof FirmwareImage>;

/** The parts of the form; they are read as they come, and the file goes to the disk. */
export const FirmwareImageForm = Type.Object(
  {
    datafile: Type.Unsafe<unknown>({ type: 'string', format: 'binary', description: 'The image.' }),
    name: Type.Optional(name('image')),
    description: Type.Optional(description),
  },
  { $id: 'FirmwareImageForm', description: '`multipart/form-data`.' },
);
export type FirmwareImageForm = Static<typeof FirmwareImageForm>;

export const UploadJobReq = Type.Object(
  { name: Type.Optional(name('image')), description: Type.Optional(Nullable(description)) },
  { $id: 'UploadJobReq' },
);
export type UploadJobReq = Static<typeof UploadJobReq>;

export const UploadJob = Type.Object(
  {
    object: Type.String({ description: 'Always `upload-job`.' }),
    id: Id('The job.'),
    etag: TimeEtag(),
    name: name('image'),
    description,
    status: OneOf(['in_progress', 'complete', 'failed'], 'How far it is.'),
    complete: Type.Boolean({ description: 'The image is there.' }),
    firmware_image_id: Nullable(Id('The image that was made of it; null until the job is complete.')),
    created_at: FineTime('Creation.'),
    updated_at: FineTime('Last change.'),
  },
  { $id: 'UploadJob' },
);
export type UploadJob = Static<typeof UploadJob>;

export const UploadChunkInfo = Type.Object(
  {
    object: Type.String({ description: 'Always `upload-info`.' }),
    id: Type.Integer({ description: 'Number of the chunk, from 1.' }),
    etag: TimeEtag(),
    upload_job_id: Id('The job.'),
    length: size('Bytes of the chunk; 0 for the one that ended the job.'),
    hash: Type.String({ description: 'MD5 of the chunk, Base64, as Content-MD5 said; empty if it did not.' }),
    created_at: FineTime('Creation.'),
    updated_at: FineTime('Last change.'),
  },
  { $id: 'UploadChunkInfo' },
);
export type UploadChunkInfo = Static<typeof UploadChunkInfo>;

const uuid = (description: string) =>
  Type.String({ description, pattern: '^[a-f0-9]{8}(-[a-f0-9]{4}){3}-[a-f0-9]{12}$' });

export const FirmwareManifest = Type.Object(
  {
    object: Type.String({ description: 'Always `firmware-manifest`.' }),
    id: Id('The manifest.'),
    etag: TimeEtag(),
    name: name('manifest'),
    description,
    datafile: Type.String({ description: 'Where it can be downloaded.' }),
    datafile_size: size('Bytes of the manifest.'),
    key_table: Nullable(Type.String({ description: 'Where its table of pre-shared keys can be downloaded.' })),
    manifest_schema_version: OneOf(['1', '3'], 'Schema of the manifest.'),
    device_class: Nullable(uuid('Class of the devices that take it; null for any.')),
    device_vendor: Nullable(uuid('Vendor of the devices that take it; null for any.')),
    timestamp: Nullable(FineTime('Its version, where that is a time (schema 1).')),
    update_priority: Nullable(Type.Integer({ description: 'Passed on to the application of the device.' })),
    component_name: Nullable(
      Type.String({ description: 'Component that it is for (schema 3). Beyond the old service.' }),
    ),
    payload_version: Nullable(Type.String({ description: 'Version a.b.c (schema 3). Beyond the old service.' })),
    delivered_payload_url: Nullable(Type.String({ description: 'Where devices download the payload.' })),
    delivered_payload_digest: Nullable(sha256('SHA-256 of what is downloaded, hex.')),
    delivered_payload_size: Nullable(size('Bytes of what is downloaded.')),
    delivered_payload_type: Nullable(OneOf(['full', 'delta'], 'Whether it is a whole image.')),
    precursor_payload_digest: Nullable(sha256('SHA-256 of the image that a delta applies to, hex.')),
    signed_by: Nullable(
      sha256(
        'SHA-256 of the certificate that it says it is signed with (schema 1), or was found to be. Beyond the old service.',
      ),
    ),
    parsed_raw_manifest: Type.Unsafe<Record<string, unknown>>({
      type: 'object',
      additionalProperties: true,
      description: 'Every field of the manifest; byte strings as hex. For people: its form may change.',
    }),
    created_at: FineTime('Creation.'),
    updated_at: FineTime('Last change.'),
  },
  { $id: 'FirmwareManifest' },
);
export type FirmwareManifest = Static<typeof FirmwareManifest>;

export const FirmwareManifestForm = Type.Object(
  {
    datafile: Type.Unsafe<unknown>({ type: 'string', format: 'binary', description: 'The manifest, DER.' }),
    key_table: Type.Optional(
      Type.Unsafe<unknown>({
        type: 'string',
        format: 'binary',
        description: 'Its table of pre-shared keys, if it has one.',
      }),
    ),
    name: Type.Optional(name('manifest')),
    description: Type.Optional(description),
  },
  { $id: 'FirmwareManifestForm', description: '`multipart/form-data`.' },
);
export type FirmwareManifestForm = Static<typeof FirmwareManifestForm>;

const certificateName = Type.String({
  minLength: 1,
  maxLength: 100,
  pattern: '^(?=.*\\S)[^\\u0000-\\u001f\\u007f]*$',
  description: 'Name of the certificate.',
});

export const UpdateCertificateReq = Type.Object(
  {
    name: certificateName,
    certificate: Type.String({ maxLength: 20_000, description: 'The certificate: PEM, or the Base64 of its DER.' }),
  },
  { $id: 'UpdateCertificateReq' },
);
export type UpdateCertificateReq = Static<typeof UpdateCertificateReq>;

export const UpdateCertificate = Type.Object(
  {
    object: Type.String({ description: 'Always `update-certificate`.' }),
    id: Id('The certificate.'),
    etag: TimeEtag(),
    name: certificateName,
    certificate: Type.String({ description: 'PEM.' }),
    certificate_fingerprint: sha256('SHA-256 of its DER, hex.'),
    subject: Type.String({ description: 'Subject.' }),
    validity: FineTime('Its end.'),
    created_at: FineTime('Creation.'),
    updated_at: FineTime('Last change.'),
  },
  { $id: 'UpdateCertificate' },
);
export type UpdateCertificate = Static<typeof UpdateCertificate>;
