import type { FastifyInstance } from 'fastify';
import type { Domain } from '../storage/context.ts';
import { denialRoutes } from './denials/routes.ts';
import { deviceLogRoutes } from './device-log/routes.ts';
import { deviceRoutes } from './devices/routes.ts';
import { enrolmentRoutes } from './enrolments/routes.ts';
import { deviceGroupRoutes } from './groups/routes.ts';
import { preSharedKeyRoutes } from './pre-shared-keys/routes.ts';
import { deviceQueryRoutes } from './queries/routes.ts';
import type { CertificateRenewals } from './renewals/renewal.ts';
import { renewalRoutes } from './renewals/routes.ts';
import { metricsRoutes } from './usage/routes.ts';

export function registryRoutes(app: FastifyInstance, domain: Domain, renewals: CertificateRenewals): void {
  deviceRoutes(app, domain);
  deviceLogRoutes(app, domain);
  enrolmentRoutes(app, domain);
  denialRoutes(app, domain);
  deviceGroupRoutes(app, domain);
  deviceQueryRoutes(app, domain);
  renewalRoutes(app, domain, renewals);
  metricsRoutes(app, domain);
  app.register(async (plain) => preSharedKeyRoutes(plain, domain));
}
