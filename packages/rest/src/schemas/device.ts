import { type Static, Type } from 'typebox';
import { CustomAttributes, Day, FineTime, Id, Line, Nullable, OneOf, Prose, TimeEtag } from './fields.ts';

export const deviceStates = ['unenrolled', 'cloud_enrolling', 'bootstrapped', 'registered', 'deregistered'] as const;

const state = OneOf(
  deviceStates,
  'unenrolled: it has not come yet; cloud_enrolling: its first bootstrap is under way; bootstrapped: it has credentials; registered; deregistered: it has left, or its registration has expired.',
);
const executionMode = Type.Integer({
  enum: [0, 1, 5],
  description:
    '1 for a device with a developer certificate, 5 for one with a certificate of its own, 0 where that is not known.',
});
const mechanism = OneOf(['connector', 'direct'], 'Kept for old clients and not used.');
const fingerprint = Type.String({ pattern: '^[A-Fa-f0-9]{64}$', description: 'SHA-256, 64 hex digits.' });
const customAttributes = CustomAttributes('Up to five of your own; what is given takes the place of all.', 5);
const endpointName = Line('The name that the device gives itself.', 64);
const name = Line('The name that you give it.', 128);
const description = Prose('Description.', 2000);
const deviceKey = Line('SHA-256 fingerprint of the certificate that the device comes with.', 512);
const caId = Line('The trusted certificate that the device comes with.', 500);
const unused = (maxLength: number) => Line('Kept for old clients and not used.', maxLength);

/** What both POST and PUT take. */
const changeable = {
  name: Type.Optional(Nullable(name)),
  description: Type.Optional(Nullable(description)),
  custom_attributes: Type.Optional(Nullable(customAttributes)),
  endpoint_type: Type.Optional(Nullable(Line('Kind of device.', 64))),
  host_gateway: Type.Optional(Nullable(Line('Id of the gateway that the device is behind.', 128))),
  ca_id: Type.Optional(Nullable(caId)),
  device_key: Type.Optional(Nullable(deviceKey)),
  auto_update: Type.Optional(Nullable(Type.Boolean({ description: 'Kept for old clients and not used.' }))),
};

export const DeviceDataPostRequest = Type.Object(
  {
    ...changeable,
    endpoint_name: Type.Optional(Nullable(endpointName)),
    state: Type.Optional(Nullable(state)),
    device_execution_mode: Type.Optional(Nullable(executionMode)),
    device_class: Type.Optional(Nullable(Line('Model and hardware revision.', 36))),
    vendor_id: Type.Optional(Nullable(Line('Vendor.', 255))),
    serial_number: Type.Optional(Nullable(Line('Serial number.', 64))),
    issuer_fingerprint: Type.Optional(Nullable(fingerprint)),
    bootstrap_expiration_date: Type.Optional(Nullable(Day('End of the certificate for the bootstrap server.'))),
    connector_expiration_date: Type.Optional(Nullable(Day('End of the certificate for the LwM2M server.'))),
    mechanism: Type.Optional(Nullable(mechanism)),
    mechanism_url: Type.Optional(Nullable(unused(2000))),
    deployment: Type.Optional(Nullable(unused(256))),
    manifest: Type.Optional(Nullable(unused(2000))),
  },
  { $id: 'DeviceDataPostRequest' },
);
export type DeviceDataPostRequest = Static<typeof DeviceDataPostRequest>;

export const DeviceDataPutRequest = Type.Object(
  {
    ...changeable,
    endpoint_name: Type.Optional(
      Nullable(Line('Taken from clients that send the whole device back; it cannot be changed.', 64)),
    ),
  },
  { $id: 'DeviceDataPutRequest' },
);
export type DeviceDataPutRequest = Static<typeof DeviceDataPutRequest>;

export const DeviceData = Type.Object(
  {
    object: OneOf(['device'], 'Always `device`.'),
    id: Id('The device; also its internal endpoint name.'),
    etag: TimeEtag(),
    account_id: Id('Account of the device.'),
    endpoint_name: endpointName,
    name,
    description,
    state,
    lifecycle_status: OneOf(['enabled', 'blocked'], 'A blocked device is not let in.'),
    device_execution_mode: executionMode,
    deployed_state: OneOf(['development', 'production'], 'development for a device with a developer certificate.'),
    mechanism,
    mechanism_url: Nullable(unused(2000)),
    deployment: Nullable(unused(256)),
    auto_update: Type.Boolean({ description: 'Kept for old clients and not used.' }),
    ca_id: Nullable(caId),
    device_key: Nullable(deviceKey),
    issuer_fingerprint: Nullable(fingerprint),
    device_class: Nullable(Line('Model and hardware revision; a UUID as 32 hex digits.', 36)),
    vendor_id: Nullable(Line('Vendor; a UUID as 32 hex digits.', 255)),
    serial_number: Nullable(Line('Serial number.', 64)),
    endpoint_type: Nullable(Line('Kind of device.', 64)),
    firmware_checksum: Nullable(
      Type.String({ description: 'SHA-256 of the firmware that runs, where the device tells it.' }),
    ),
    manifest: Nullable(unused(2000)),
    manifest_timestamp: Nullable(FineTime('Version of the firmware that runs, where it is a time.')),
    custom_attributes: customAttributes,
    groups: Type.Array(Id('A device group.'), { description: 'Ids of the groups that the device is in.' }),
    host_gateway: Nullable(Line('Id of the gateway that the device is behind.', 128)),
    bootstrapped_timestamp: Nullable(FineTime('Last bootstrap.')),
    bootstrap_expiration_date: Nullable(Day('End of the certificate for the bootstrap server.')),
    connector_expiration_date: Nullable(Day('End of the certificate for the LwM2M server.')),
    enrolment_list_timestamp: Nullable(FineTime('When it claimed its enrolment.')),
    operator_suspended: Type.Boolean({ description: 'An operator has suspended it.' }),
    last_operator_suspended_category: Nullable(Type.String({ description: 'Why it was suspended or returned last.' })),
    last_operator_suspended_description: Nullable(
      Type.String({ description: 'What was said when it was suspended or returned last.' }),
    ),
    last_operator_suspended_updated_at: Nullable(FineTime('When it was suspended or returned last.')),
    system_suspended: Type.Boolean({ description: 'Always false: the service suspends no device by itself.' }),
    last_system_suspended_category: Nullable(Type.String({ description: 'Always null.' })),
    last_system_suspended_description: Nullable(Type.String({ description: 'Always null.' })),
    last_system_suspended_updated_at: Nullable(FineTime('Always null.')),
    created_at: FineTime('Creation.'),
    updated_at: FineTime('Last change.'),
  },
  { $id: 'DeviceData' },
);
export type DeviceData = Static<typeof DeviceData>;

export const DeviceBlock = Type.Object(
  {
    category: Type.Optional(
      Nullable(
        Type.String({
          pattern: '^[a-z0-9_]{0,32}$',
          description: 'Why, in a word of your own: `maintenance`, `lost_or_stolen`. To resume it has to be the same.',
        }),
      ),
    ),
    description: Type.Optional(Nullable(Prose('Why, in a sentence.', 2000))),
  },
  { $id: 'DeviceBlock' },
);
export type DeviceBlock = Static<typeof DeviceBlock>;

export const DeviceEventData = Type.Object(
  {
    object: OneOf(['device-event'], 'Always `device-event`.'),
    id: Id('The event.'),
    etag: TimeEtag(),
    device_id: Id('The device; it may be deleted since.'),
    event_type: Type.String({ description: 'Code of the event.', examples: ['update.device.device-created'] }),
    event_type_description: OneOf(['SUCCESS', 'FAIL', 'SKIPPED', 'INFO'], 'What the event means for the device.'),
    event_type_category: Type.String({ description: 'Kind of failure; empty where there is none.' }),
    description: Type.String({ description: 'A sentence for a person.' }),
    state_change: Type.Boolean({ description: 'The state of the device changed.' }),
    data: Type.Unsafe<Record<string, string>>({
      type: 'object',
      additionalProperties: { type: 'string' },
      description: 'What belongs to the event.',
    }),
    changes: Type.Unsafe<Record<string, never>>({ type: 'object', description: 'Kept for old clients; always empty.' }),
    date_time: FineTime('When it happened.'),
    created_at: FineTime('When it was recorded.'),
  },
  { $id: 'DeviceEventData' },
);
export type DeviceEventData = Static<typeof DeviceEventData>;
