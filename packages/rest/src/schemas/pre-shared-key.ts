import { type Static, Type } from 'typebox';
import { FineTime, Nullable, OneOf } from './fields.ts';

const endpointName = Type.String({
  pattern: '^[ -~]{16,64}$',
  description: 'The endpoint name of the device: 16 to 64 printable ASCII characters.',
});

export const PreSharedKey = Type.Object(
  {
    endpoint_name: endpointName,
    secret_hex: Type.String({
      pattern: '^(0[xX])?[0-9a-fA-F]{32,64}$',
      description: 'The key: 16 to 32 bytes as hex digits, with or without `0x` before them.',
    }),
  },
  { $id: 'PreSharedKey' },
);
export type PreSharedKey = Static<typeof PreSharedKey>;

export const PreSharedKeyWithoutSecret = Type.Object(
  { endpoint_name: endpointName, created_at: FineTime('Creation.') },
  { $id: 'PreSharedKeyWithoutSecret' },
);
export type PreSharedKeyWithoutSecret = Static<typeof PreSharedKeyWithoutSecret>;

export const ListOfPreSharedKeysWithoutSecret = Type.Object(
  {
    object: OneOf(['list'], 'Always `list`.'),
    limit: Type.Integer({ description: 'Number of entities that was asked for, 2 to 1000.' }),
    after: Nullable(Type.String({ description: 'Where this page begins; null for the first page.' })),
    order: OneOf(['ASC'], 'By time of creation.'),
    has_more: Type.Boolean({ description: 'There are keys after the last one of this page.' }),
    continuation_marker: Nullable(
      Type.String({ description: 'What `after` has to be for the next page; null on the last one.' }),
    ),
    data: Type.Unsafe<PreSharedKeyWithoutSecret[]>({
      type: 'array',
      items: Type.Ref('PreSharedKeyWithoutSecret'),
    }),
  },
  { $id: 'ListOfPreSharedKeysWithoutSecret' },
);
export type ListOfPreSharedKeysWithoutSecret = Static<typeof ListOfPreSharedKeysWithoutSecret>;
