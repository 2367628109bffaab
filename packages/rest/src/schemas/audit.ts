import { type Static, Type } from 'typebox';
import { FineTime, Id, Nullable, OneOf } from './fields.ts';

export const AuditRecordResp = Type.Object(
  {
    object: OneOf(['audit-record'], 'Always `audit-record`.'),
    id: Id('The record.'),
    account_id: Id('The account.'),
    created_at: FineTime('When it was done.'),
    actor_kind: OneOf(
      ['api-key', 'user', 'operator'],
      'Who did it: an operator works on the machine of the service itself.',
    ),
    actor_id: Type.String({ description: 'Id of the API key or the user; `operator` for an operator.' }),
    actor_name: Nullable(
      Type.String({ description: 'Name of the API key, e-mail address of the user; null if it is gone.' }),
    ),
    action: Type.String({ description: 'What was done, dotted and past: `api-key.created`.' }),
    subject_kind: Type.String({ description: 'To what kind of thing.' }),
    subject_id: Type.String({ description: 'To which one.' }),
    request_id: Nullable(Type.String({ description: 'X-Request-ID of the request that did it.' })),
    detail: Type.Unsafe<Record<string, unknown>>({
      type: 'object',
      additionalProperties: true,
      description: 'What was changed to what; never a secret.',
    }),
  },
  { $id: 'AuditRecord' },
);
export type AuditRecordResp = Static<typeof AuditRecordResp>;
