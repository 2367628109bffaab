import type { FastifyInstance } from 'fastify';
import type { Domain } from '../storage/context.ts';
import type { Campaigns } from './campaigns/campaigns.ts';
import { campaignRoutes } from './campaigns/routes.ts';
import { updateCertificateRoutes } from './certificates/routes.ts';
import { forecastRoutes } from './forecast/routes.ts';
import { imageRoutes } from './images/routes.ts';
import { manifestRoutes } from './manifests/routes.ts';

export function updateRoutes(app: FastifyInstance, domain: Domain, campaigns: Campaigns): void {
  imageRoutes(app, domain);
  manifestRoutes(app, domain);
  updateCertificateRoutes(app, domain);
  campaignRoutes(app, domain, campaigns);
  forecastRoutes(app, domain);
}
