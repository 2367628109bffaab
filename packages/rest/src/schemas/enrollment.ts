import { type Static, Type } from 'typebox';
import { Etag, FineTime, Id, Nullable, OneOf } from './fields.ts';

const identity = Type.String({
  pattern: '^A-[A-Za-z0-9:]{95}$',
  description:
    "`A-` and the SHA-256 fingerprint of the device's certificate, 32 pairs of hex digits with colons between.",
});

export const EnrollmentId = Type.Object({ enrollment_identity: identity }, { $id: 'EnrollmentId' });
export type EnrollmentId = Static<typeof EnrollmentId>;

export const EnrollmentIdentity = Type.Object(
  {
    object: OneOf(['enrollment'], 'Always `enrollment`.'),
    id: Id('The enrolment.'),
    etag: Etag(),
    account_id: Id('Account of the enrolment.'),
    enrollment_identity: identity,
    enrolled_device_id: Nullable(Id('The device that claimed it; null while it waits for its device.')),
    claimed_at: Nullable(FineTime('When it was claimed.')),
    expires_at: Nullable(FineTime('When it ends unclaimed; null for never.')),
    created_at: FineTime('Creation.'),
  },
  { $id: 'EnrollmentIdentity' },
);
export type EnrollmentIdentity = Static<typeof EnrollmentIdentity>;

export const BulkResponse = Type.Object(
  {
    object: OneOf(
      ['enrollment-identity-bulk-uploads', 'enrollment-identity-bulk-deletes'],
      'What the file was sent for.',
    ),
    id: Id('The work.'),
    etag: Etag(),
    account_id: Id('Account of the work.'),
    status: OneOf(['new', 'processing', 'completed'], 'How far it has come.'),
    total_count: Type.Integer({ description: 'Identities in the file.' }),
    processed_count: Type.Integer({ description: 'Identities that were looked at.' }),
    errors_count: Type.Integer({ description: 'Identities that failed.' }),
    full_report_file: Nullable(Type.String({ description: 'Where the report of all identities is, as CSV.' })),
    errors_report_file: Nullable(Type.String({ description: 'Where the report of those that failed is, as CSV.' })),
    created_at: FineTime('Creation.'),
    completed_at: Nullable(FineTime('End.')),
  },
  { $id: 'BulkResponse' },
);
export type BulkResponse = Static<typeof BulkResponse>;

export const BlackListedDeviceData = Type.Object(
  {
    object: OneOf(['denied_device'], 'Always `denied_device`.'),
    id: Id('The denial.'),
    account_id: Id('The account that the device wanted to join.'),
    endpoint_name: Type.String({ description: 'What the device calls itself.' }),
    trusted_certificate_id: Nullable(
      Id('The trusted certificate that it came with; null if it had none that is trusted.'),
    ),
    reason: Type.String({ description: 'Why it was not let in, in a word.', examples: ['not-enrolled'] }),
    attempts: Type.Integer({ description: 'Attempts of this kind that this record stands for.' }),
    created_at: FineTime('The first of them.'),
    last_attempt_at: FineTime('The last of them.'),
  },
  { $id: 'BlackListedDeviceData' },
);
export type BlackListedDeviceData = Static<typeof BlackListedDeviceData>;
