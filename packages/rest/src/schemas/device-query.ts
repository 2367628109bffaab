import { type Static, Type } from 'typebox';
import { FineTime, Id, TimeEtag } from './fields.ts';

const name = Type.String({
  minLength: 1,
  maxLength: 200,
  pattern: '^(?=.*\\S)[^\\u0000-\\u001f\\u007f]*$',
  description: 'Name of the query.',
});
const query = Type.String({
  maxLength: 1000,
  description: 'A filter of the device list: `state__eq=registered&custom_attributes__site__eq=north`.',
});

export const DeviceQueryPostPutRequest = Type.Object({ name, query }, { $id: 'DeviceQueryPostPutRequest' });
export type DeviceQueryPostPutRequest = Static<typeof DeviceQueryPostPutRequest>;

/** For a change: what is not given stays. The old contract asks for both, and an old client gives only the name. */
export const DeviceQueryPutRequest = Type.Object(
  { name: Type.Optional(name), query: Type.Optional(query) },
  { $id: 'DeviceQueryPutRequest' },
);
export type DeviceQueryPutRequest = Static<typeof DeviceQueryPutRequest>;

export const DeviceQuery = Type.Object(
  {
    object: Type.String({ description: 'Always `device-query`.' }),
    id: Id('The query.'),
    etag: TimeEtag(),
    name,
    query,
    created_at: FineTime('Creation.'),
    updated_at: FineTime('Last change.'),
  },
  { $id: 'DeviceQuery' },
);
export type DeviceQuery = Static<typeof DeviceQuery>;
