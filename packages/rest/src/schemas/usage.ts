import { type Static, Type } from 'typebox';
import { FineTime, Nullable, OneOf } from './fields.ts';

const count = (description: string) => Type.Optional(Type.Integer({ description }));

export const Metric = Type.Object(
  {
    id: Type.String({ description: 'The interval, for `after`.' }),
    timestamp: FineTime('Begin of the interval.'),
    transactions: count('Blocks of 512 bytes that devices sent or were sent.'),
    full_registrations: count('Registrations.'),
    registration_updates: count('Updates of registrations.'),
    deleted_registrations: count('Registrations that devices ended.'),
    expired_registrations: count('Registrations that ended because their lifetime was over.'),
    bootstraps_successful: count('Bootstraps that ended well.'),
    bootstraps_failed: count('Bootstraps that failed or were refused.'),
    bootstraps_pending: count('Bootstraps that were begun.'),
    handshakes_successful: count('TLS and DTLS handshakes of devices.'),
    connect_rest_api_success: count('Requests to /v2 that were answered well.'),
    connect_rest_api_error: count('Requests to /v2 that were answered with an error.'),
    device_proxy_request_success: count('Requests to devices that they answered well.'),
    device_proxy_request_error: count('Requests to devices that failed.'),
    device_subscription_request_success: count('Observations that devices agreed to.'),
    device_subscription_request_error: count('Observations that failed.'),
    device_observations: count('Notifications of devices.'),
  },
  { $id: 'Metric' },
);
export type Metric = Static<typeof Metric>;

export const MetricPage = Type.Object(
  {
    object: OneOf(['list'], 'Always `list`.'),
    limit: Type.Integer({ description: 'Number of intervals that was asked for, 2 to 1000.' }),
    after: Nullable(Type.String({ description: 'Id of the interval after which this page begins.' })),
    order: OneOf(['ASC', 'DESC'], 'By time.'),
    has_more: Type.Boolean({ description: 'There are intervals after the last one of this page.' }),
    total_count: Type.Optional(Type.Integer({ description: 'Number of all intervals, with `include=total_count`.' })),
    data: Type.Unsafe<Metric[]>({ type: 'array', items: Type.Ref('Metric') }),
  },
  { $id: 'MetricPage' },
);
export type MetricPage = Static<typeof MetricPage>;
