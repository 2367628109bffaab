import type { FastifyInstance } from 'fastify';
import type { Domain } from '../storage/context.ts';
import { deviceLogRoutes } from './device-log/routes.ts';
import { deviceRoutes } from './devices/routes.ts';

export function registryRoutes(app: FastifyInstance, domain: Domain): void {
  deviceRoutes(app, domain);
  deviceLogRoutes(app, domain);
}
