import websocket from '@fastify/websocket';
import type { FastifyInstance } from 'fastify';
import type { Domain } from '../storage/context.ts';
import { plainConventions } from './body.ts';
import { channelRoutes } from './channels/routes.ts';
import type { Connect } from './connect.ts';
import { requestRoutes } from './requests/routes.ts';
import { subscriptionRoutes } from './subscriptions/routes.ts';

/** What a browser, which cannot set headers, offers before its key: `wss, pelion_ak_…`. */
const subprotocol = 'wss';

/** The routes of /v2 for applications. */
export async function connectRoutes(app: FastifyInstance, domain: Domain, connect: Connect): Promise<void> {
  plainConventions(app, connect.limits.payload + 1024);
  await app.register(websocket, {
    options: {
      // Applications send nothing.
      maxPayload: 4096,
      handleProtocols: (offered: Set<string>) => (offered.has(subprotocol) ? subprotocol : false),
    },
  });
  channelRoutes(app, connect);
  requestRoutes(app, domain, connect);
  subscriptionRoutes(app, connect);
}
