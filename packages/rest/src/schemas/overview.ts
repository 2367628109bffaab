import { type Static, Type } from 'typebox';
import { FineTime, Nullable, OneOf } from './fields.ts';

const Count = (description: string) => Type.Integer({ description });

export const Attention = Type.Object(
  {
    kind: OneOf(
      [
        'certificate-ends',
        'device-certificates-end',
        'updates-lost',
        'campaign-fails',
        'campaign-waits',
        'joins-denied',
      ],
      'What it is about.',
    ),
    severity: OneOf(['error', 'warning', 'notice'], '`error`: something does not work now.'),
    subject: Nullable(Type.String({ description: 'Id or name of the one that it is about; null where it is many.' })),
    name: Nullable(Type.String({ description: 'Its name, as people know it.' })),
    count: Count('How many it is about.'),
    at: Nullable(FineTime('When it happens, or happened last.')),
    text: Type.String({ description: 'A sentence.' }),
    filter: Nullable(Type.String({ description: 'Of the list that has those it is about, such as of `/v3/devices`.' })),
  },
  { $id: 'Attention' },
);
export type Attention = Static<typeof Attention>;

export const TrendDay = Type.Object(
  {
    day: Type.String({ description: 'The day, UTC: `2026-11-22`.', examples: ['2026-11-22'] }),
    registrations: Count('Full registrations.'),
    bootstraps: Count('Bootstraps that succeeded.'),
    bootstraps_failed: Count('Bootstraps that failed.'),
    requests: Count('Requests to devices that succeeded.'),
  },
  { $id: 'TrendDay' },
);
export type TrendDay = Static<typeof TrendDay>;

export const Overview = Type.Object(
  {
    object: OneOf(['overview'], 'Always `overview`.'),
    created_at: FineTime('When it was made; for a few seconds the same one is told again.'),
    attention: Type.Unsafe<Attention[]>({
      type: 'array',
      items: Type.Ref('Attention'),
      description: 'What needs attention, the most urgent first. What the caller may not see is not there.',
    }),
    devices: Type.Optional(
      Type.Object(
        {
          total: Count('All devices.'),
          registered: Count('Connected, or asleep with a registration.'),
          deregistered: Count('Not connected.'),
          bootstrapped: Count('Have credentials and have not registered with them yet.'),
          unenrolled: Count('Have not come yet.'),
          cloud_enrolling: Count('Are joining.'),
          blocked: Count('Suspended.'),
        },
        { description: 'With the permission `devices:read`.' },
      ),
    ),
    campaigns: Type.Optional(
      Type.Object(
        { active: Count('Under way.'), waiting: Count('Planned, or waiting for an approval.'), total: Count('All.') },
        { description: 'With the permission `update-campaigns:read`.' },
      ),
    ),
    trend: Type.Optional(
      Type.Unsafe<TrendDay[]>({
        type: 'array',
        items: Type.Ref('TrendDay'),
        description: 'The last 30 days, oldest first, with the permission `metrics:read`.',
      }),
    ),
  },
  { $id: 'Overview' },
);
export type Overview = Static<typeof Overview>;
