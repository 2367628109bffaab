import { type Static, Type } from 'typebox';
import { OneOf } from './fields.ts';

/** Programs of old write truths and numbers as texts here. */
const Switch = (description: string) =>
  Type.Optional(Type.Unsafe<boolean | string>({ type: ['boolean', 'string'], description }));

export const SerializationConfigData = Type.Object(
  {
    type: OneOf(['v2'], 'Always `v2`.'),
    max_chunk_size: Type.Optional(
      Type.Unsafe<number | string>({
        type: ['integer', 'string'],
        description: 'Entries in one message, 100 to 10000.',
      }),
    ),
    cfg: Type.Optional(
      Type.Object({
        deregistrations_as_object: Switch(
          '`de-registrations` and `registrations-expired` have objects instead of ids.',
        ),
        include_original_ep: Switch('Entries have `original-ep`, the endpoint name.'),
        include_timestamp: Switch('Entries have `timestamp`, when the service took them, in milliseconds.'),
        include_uid: Switch('Entries have `uid`, by which one that was delivered twice is known.'),
      }),
    ),
  },
  { $id: 'SerializationConfigData', description: 'How a channel wants its messages.' },
);
export type SerializationConfigData = Static<typeof SerializationConfigData>;

const serialization = Type.Optional(Type.Ref('SerializationConfigData'));

export const Webhook = Type.Object(
  {
    url: Type.String({ description: 'Where messages are PUT to: http or https.' }),
    headers: Type.Optional(
      Type.Unsafe<Record<string, string>>({
        type: 'object',
        additionalProperties: { type: 'string' },
        description: 'Headers of each PUT. With the URL at most 400 characters.',
      }),
    ),
    serialization,
  },
  { $id: 'Webhook' },
);

export const RegisterWebsocketChannel = Type.Object({ serialization }, { $id: 'RegisterWebsocketChannel' });

export const WebsocketChannel = Type.Object(
  {
    status: OneOf(['connected', 'disconnected', 'unknown'], 'Whether a websocket is open.'),
    queue_size: Type.Integer({ description: 'Entries that wait to be delivered.' }),
    queueSize: Type.Integer({ description: 'The same, under the name of an earlier version of the contract.' }),
    serialization,
  },
  { $id: 'WebsocketChannel' },
);

export const ChannelMetadata = Type.Object(
  { delivery_mechanism: OneOf(['CALLBACK', 'LONG_POLLING', 'WEB_SOCKET'], 'Kind of the channel.') },
  { $id: 'ChannelMetadata' },
);

export const DeviceRequest = Type.Object(
  {
    method: OneOf(['GET', 'PUT', 'POST', 'DELETE'], 'GET reads, PUT writes, POST executes or makes an instance.'),
    uri: Type.String({ description: 'Path on the device, with its query: `/5/0/1?pmin=10`.', maxLength: 255 }),
    accept: Type.Optional(Type.String({ description: 'Media type that the answer is to have.' })),
    'content-type': Type.Optional(Type.String({ description: 'Media type of the payload.' })),
    'payload-b64': Type.Optional(Type.String({ description: 'The payload, in Base64.' })),
  },
  { $id: 'DeviceRequest' },
);

export const AsyncID = Type.Object(
  { 'async-response-id': Type.String({ description: 'Under which the answer comes on the channel.' }) },
  { $id: 'AsyncID' },
);

export const AsyncIDResponse = Type.Object(
  {
    id: Type.String({ description: 'The id of the request.' }),
    status: Type.Integer({
      description:
        '200; 400, 404, 412, 413, 415 as the device refused; 429 REQUEST_EXPIRED, DEVICE_REMOVED_REGISTRATION, DEVICE_BLOCKED; 503 NOT_CONNECTED; 504 TIMEOUT.',
    }),
    error: Type.Optional(Type.String({ description: 'What went wrong.' })),
    ct: Type.Optional(Type.String({ description: 'Media type of the payload.' })),
    payload: Type.Optional(Type.String({ description: 'In Base64.' })),
    'max-age': Type.Optional(Type.String({ description: 'Seconds for which the value is kept.' })),
  },
  { $id: 'AsyncIDResponse' },
);

export const NotificationData = Type.Object(
  {
    ep: Type.String({ description: 'Id of the device.' }),
    path: Type.String({ description: 'Path of the resource.' }),
    ct: Type.Optional(Type.String({ description: 'Media type of the payload.' })),
    payload: Type.String({ description: 'In Base64.' }),
    'max-age': Type.Optional(Type.String({ description: 'Seconds for which the value is kept.' })),
  },
  { $id: 'NotificationData' },
);

export const EndpointData = Type.Object(
  {
    ep: Type.String({ description: 'Id of the device.' }),
    'original-ep': Type.Optional(Type.String({ description: 'Its endpoint name.' })),
    ept: Type.Optional(Type.String({ description: 'Its endpoint type.' })),
    q: Type.Boolean({ description: 'Queue mode: it sleeps, and is asked when it wakes.' }),
    resources: Type.Array(
      Type.Object({
        path: Type.String(),
        obs: Type.Boolean({ description: 'It can be subscribed to.' }),
        rt: Type.Optional(Type.String({ description: 'Resource type.' })),
        ct: Type.Optional(Type.String({ description: 'Media type.' })),
      }),
    ),
  },
  { $id: 'EndpointData' },
);

const gone = Type.Optional(
  Type.Unsafe<(string | object)[]>({
    type: 'array',
    items: { type: ['string', 'object'], additionalProperties: true },
    description: 'Ids of devices; objects where the channel wants them so.',
  }),
);

/** Entries may have what the channel's serialization adds. */
const listOf = (name: string) =>
  Type.Optional(
    Type.Unsafe<object[]>({
      type: 'array',
      items: { type: 'object', additionalProperties: true },
      description: `Each a ${name}, with what the channel’s serialization adds.`,
    }),
  );

export const NotificationMessage = Type.Object(
  {
    notifications: listOf('NotificationData'),
    registrations: listOf('EndpointData'),
    'reg-updates': listOf('EndpointData'),
    'de-registrations': gone,
    'registrations-expired': gone,
    'async-responses': listOf('AsyncIDResponse'),
  },
  { $id: 'NotificationMessage', description: 'What a channel delivers; lists with nothing in them are absent.' },
);

export const Resource = Type.Object(
  {
    uri: Type.String({ description: 'Path of the resource.' }),
    rt: Type.Optional(Type.String({ description: 'Resource type.' })),
    type: Type.Optional(Type.String({ description: 'Media type.' })),
    obs: Type.Boolean({ description: 'It can be subscribed to.' }),
  },
  { $id: 'Resource' },
);

export const ResourceArray = Type.Array(Type.Ref('Resource'), { $id: 'ResourceArray' });

export const Presubscription = Type.Object(
  {
    'endpoint-name': Type.Optional(Type.String({ description: 'Device id; may end with `*`.', maxLength: 64 })),
    'endpoint-type': Type.Optional(Type.String({ maxLength: 64 })),
    'resource-path': Type.Optional(
      Type.Array(Type.String({ maxLength: 128 }), {
        description: 'Each may end with `*`; all observable resources if absent.',
      }),
    ),
  },
  { $id: 'Presubscription' },
);

export const PresubscriptionArray = Type.Array(Type.Ref('Presubscription'), { $id: 'PresubscriptionArray' });
