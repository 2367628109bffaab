import { type Static, Type } from 'typebox';
import { CustomAttributes, FineTime, Id, Line, Nullable, Prose, TimeEtag } from './fields.ts';

const name = Type.String({
  minLength: 1,
  maxLength: 128,
  pattern: '^(?=.*\\S)[^\\u0000-\\u001f\\u007f]*$',
  description: 'Name of the group, unique in the account.',
});
const description = Prose('Description.', 1024);
const customAttributes = CustomAttributes('Up to ten of your own; what is given takes the place of all.', 10);

export const DeviceGroupReq = Type.Object(
  {
    name: Type.Optional(name),
    description: Type.Optional(Nullable(description)),
    custom_attributes: Type.Optional(Nullable(customAttributes)),
  },
  { $id: 'DeviceGroupReq' },
);
export type DeviceGroupReq = Static<typeof DeviceGroupReq>;

export const DeviceGroup = Type.Object(
  {
    object: Type.String({ description: 'Always `device-group`.' }),
    id: Id('The group.'),
    etag: TimeEtag(),
    name,
    description,
    custom_attributes: customAttributes,
    devices_count: Type.Integer({ description: 'How many devices are in it.' }),
    created_at: FineTime('Creation.'),
    updated_at: FineTime('Last change.'),
  },
  { $id: 'DeviceGroup' },
);
export type DeviceGroup = Static<typeof DeviceGroup>;

export const DeviceGroupManipulation = Type.Object(
  { device_id: Line('The device.', 64) },
  { $id: 'DeviceGroupManipulation' },
);
export type DeviceGroupManipulation = Static<typeof DeviceGroupManipulation>;
