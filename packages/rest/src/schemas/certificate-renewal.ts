import { type Static, Type } from 'typebox';
import { Etag, Id, Nullable, OneOf, Time } from './fields.ts';

export const CertificateEnrollment = Type.Object(
  {
    object: OneOf(['certificate-enrollment'], 'Always `certificate-enrollment`.'),
    id: Id('The renewal.'),
    etag: Etag(),
    device_id: Id('The device.'),
    certificate_name: Type.String({ description: 'Name of the certificate on the device.' }),
    enroll_status: OneOf(['new', 'completed'], 'How far it has come.'),
    enroll_result: Nullable(OneOf(['success', 'failure'], 'How it ended; null while it runs.')),
    enroll_result_detail: Nullable(Type.String({ description: 'Why it failed.' })),
    created_at: Time('Creation.'),
    updated_at: Time('Last change.'),
  },
  { $id: 'CertificateEnrollment' },
);
export type CertificateEnrollment = Static<typeof CertificateEnrollment>;
