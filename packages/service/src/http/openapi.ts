import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import { permissions } from '../accounts/permissions.ts';
import { type SchemaName, schemaRef } from './schemas.ts';

type Transform = NonNullable<FastifyDynamicSwaggerOptions['transform']>;

/** Brings in what validation does not use: the parameters of lists, and the permission. */
const transform: Transform = ({ schema, url, route }) => {
  const { parameters, permission, describedBody } = (route.config ?? {}) as {
    parameters?: Readonly<Record<string, unknown>>;
    permission?: string | null;
    describedBody?: SchemaName;
  };
  return {
    url,
    schema: {
      ...schema,
      ...(parameters === undefined ? {} : { querystring: { type: 'object', properties: parameters } }),
      ...(describedBody === undefined ? {} : { body: schemaRef(describedBody) }),
      ...(permission == null ? {} : { 'x-permission': permission }),
    } as typeof schema,
  };
};

export const openApiOptions: FastifyDynamicSwaggerOptions = {
  openapi: {
    openapi: '3.1.0',
    info: {
      title: 'Mooring Device Management',
      version: '3',
      description:
        'Accounts, users, API keys, certificates, devices and their updates. Every path is also served with a slash at its end. Every answer has the header X-Request-ID.',
    },
    tags: [
      { name: 'Account', description: 'The account of the caller.' },
      {
        name: 'Sessions',
        description:
          'How the portal signs in; ours, and no part of the old interface. A session is a cookie that no script can read; it answers to the same routes as an API key. Requests that change something carry the header `X-Mooring-Portal: 1` and come from the page of this service itself; with `X-Mooring-Portal: background` a request does not prolong the session.',
      },
      { name: 'Users', description: 'People who sign in.' },
      {
        name: 'Invitations',
        description: 'People who are to sign in. No mail is sent: the link is for you to pass on.',
      },
      { name: 'Overview', description: 'What the portal shows first, and what it is told as it happens; ours.' },
      { name: 'Audit', description: 'Who did what; ours.' },
      { name: 'Policy groups', description: 'Groups of users and API keys, and what their members may do.' },
      { name: 'API keys', description: 'Keys that programs sign in with.' },
      { name: 'Developer certificates', description: 'Credentials for devices in development.' },
      { name: 'Device certificates', description: 'Certificates of devices that have made a key of their own.' },
      { name: 'Trusted certificates', description: 'Certificates whose devices are let in.' },
      { name: 'Server credentials', description: 'Where devices connect, and what they trust.' },
      { name: 'Devices', description: 'The device directory.' },
      { name: 'Device events', description: 'What has happened to devices.' },
      { name: 'Device groups', description: 'Devices that belong together.' },
      { name: 'Device queries', description: 'Filters of the device list, kept under a name.' },
      { name: 'Enrollments', description: 'Devices that are expected, and those that were not let in.' },
      { name: 'Pre-shared keys', description: 'Keys of devices that have no certificate.' },
      { name: 'Metrics', description: 'How much the account uses the service.' },
      {
        name: 'Device requests',
        description:
          'Reading, writing and executing on devices. Refusals are texts: `DEVICE_NOT_FOUND`, with the reason in the header X-Reason.',
      },
      {
        name: 'Notification channels',
        description:
          'How an API key is told what devices say: by pull, by callback or by websocket, one of them at a time.',
      },
      { name: 'Subscriptions', description: 'Which values an API key is told.' },
      { name: 'Firmware images', description: 'What devices download, in one request or in chunks.' },
      { name: 'Update manifests', description: 'What tells devices which image to take, signed by its owner.' },
      {
        name: 'Update certificates',
        description:
          'With which of them manifests have to be signed: once there is one, others are refused before they reach a device. Beyond the old service.',
      },
      { name: 'Update campaigns', description: 'Manifests on their way to devices, and what became of them.' },
    ],
    components: {
      securitySchemes: {
        Bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'An API key: `Authorization: Bearer ak_…`.',
        },
        Session: {
          type: 'apiKey',
          in: 'cookie',
          name: '__Host-mooring',
          description: 'The cookie of a session; `mooring` where there is no TLS.',
        },
      },
    },
  },
  refResolver: {
    buildLocalReference: (json, _base, _fragment, index) =>
      typeof json.$id === 'string' ? json.$id : `schema${index}`,
  },
  transform,
};

/** What each permission allows, for the reference page. */
export const permissionMeanings: Readonly<Record<string, string>> = permissions;
