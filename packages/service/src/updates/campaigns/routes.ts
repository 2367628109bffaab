import type { UpdateCampaignPostRequest, UpdateCampaignPutRequest } from '@mooring/rest';
import type { FastifyInstance } from 'fastify';
import { listBody, listQueryOf } from '../../http/list-request.ts';
import { operation } from '../../http/operation.ts';
import { ownAddress } from '../../http/own-address.ts';
import type { Domain } from '../../storage/context.ts';
import { campaignBody, campaignDeviceBody, eventTypeBody, metricsBody, summaryBody } from './bodies.ts';
import {
  actOnCampaign,
  campaignFilters,
  createCampaign,
  deleteCampaign,
  getCampaign,
  listCampaigns,
  updateCampaign,
} from './campaign.ts';
import type { Campaigns } from './campaigns.ts';
import { type Reason, reasonsOf } from './reasons.ts';
import {
  campaignDeviceFilters,
  campaignMetrics,
  countedEvent,
  countedEvents,
  getCampaignDevice,
  listCampaignDevices,
  summaries,
  summary,
} from './statistics.ts';

const tag = 'Update campaigns';
const base = '/v3/update-campaigns';
const one = `${base}/:campaign_id`;
const path = { campaign_id: 'Id of the campaign.' };
type OfCampaign = { Params: { campaign_id: string } };

const noReason: Reason = { code: '', text: '' };

export function campaignRoutes(app: FastifyInstance, domain: Domain, campaigns: Campaigns): void {
  app.get(
    base,
    operation({
      id: 'Update_Campaign_list',
      tag,
      summary: 'The update campaigns of the account.',
      permission: 'update-campaigns:read',
      answer: 'UpdateCampaignPage',
      list: campaignFilters,
    }),
    async (request) => {
      const page = await listCampaigns(domain, request.actor, listQueryOf(request.url, campaignFilters));
      const address = ownAddress(request);
      return listBody(page, (campaign) => campaignBody(campaign, address));
    },
  );

  app.post<{ Body: UpdateCampaignPostRequest }>(
    base,
    operation({
      id: 'Update_Campaign_create',
      tag,
      summary: 'Make an update campaign: which devices get which manifest.',
      permission: 'update-campaigns:write',
      body: 'UpdateCampaignPostRequest',
      status: 201,
      answer: 'UpdateCampaign',
      errors: [404, 409],
    }),
    async (request, reply) => {
      const campaign = await createCampaign(domain, request.actor, request.body);
      if (campaign.phase !== 'draft') campaigns.wake(campaign.id);
      reply.code(201);
      return campaignBody(campaign, ownAddress(request));
    },
  );

  app.get<OfCampaign>(
    one,
    operation({
      id: 'Update_Campaign_retrieve',
      tag,
      summary: 'An update campaign.',
      permission: 'update-campaigns:read',
      path,
      answer: 'UpdateCampaign',
      errors: [404],
    }),
    async (request) =>
      campaignBody(await getCampaign(domain, request.actor, request.params.campaign_id), ownAddress(request)),
  );

  app.put<OfCampaign & { Body: UpdateCampaignPutRequest }>(
    one,
    operation({
      id: 'Update_Campaign_update',
      tag,
      summary:
        'Change a campaign; what is not given stays. Only name and description can be changed once it was started.',
      description: 'With `state` it is started (`scheduled`) or stopped (`draft`, `stopping`), as old clients do.',
      permission: 'update-campaigns:write',
      path,
      body: 'UpdateCampaignPutRequest',
      answer: 'UpdateCampaign',
      errors: [404, 409],
    }),
    async (request) => {
      const campaign = await updateCampaign(domain, request.actor, request.params.campaign_id, request.body);
      campaigns.wake(campaign.id);
      return campaignBody(campaign, ownAddress(request));
    },
  );

  app.delete<OfCampaign>(
    one,
    operation({
      id: 'Update_Campaign_destroy',
      tag,
      summary: 'Delete a campaign that is a draft or has stopped, with what is known of its devices.',
      permission: 'update-campaigns:write',
      path,
      status: 204,
      errors: [404, 409],
    }),
    async (request, reply) => {
      await deleteCampaign(domain, request.actor, request.params.campaign_id);
      reply.code(204);
    },
  );

  for (const [action, summaryText, permission] of [
    ['start', 'Start a campaign.', 'update-campaigns:write'],
    ['stop', 'Stop a campaign: devices that have the manifest go on, no other one gets it.', 'update-campaigns:write'],
    ['archive', 'Archive a campaign that has stopped.', 'update-campaigns:write'],
    ['approve', 'Approve a campaign that needs it. Beyond the old service.', 'update-campaigns:approve'],
  ] as const) {
    app.post<OfCampaign>(
      `${one}/${action}`,
      operation({
        id: `Update_Campaign_${action}`,
        tag,
        summary: summaryText,
        permission,
        path,
        status: 202,
        errors: [400, 404, 409],
      }),
      async (request, reply) => {
        const { id } = await actOnCampaign(domain, request.actor, request.params.campaign_id, action);
        campaigns.wake(id);
        reply.code(202);
      },
    );
  }

  deviceRoutes(app, domain, campaigns);
  statisticsRoutes(app, domain);
}

function deviceRoutes(app: FastifyInstance, domain: Domain, campaigns: Campaigns): void {
  app.get<OfCampaign>(
    `${one}/campaign-device-metadata`,
    operation({
      id: 'Update_Campaign_Metadata_list',
      tag,
      summary: 'What became of each device of a campaign, and why those that are not updated are not.',
      permission: 'update-campaigns:read',
      path,
      answer: 'CampaignDeviceMetadataPage',
      list: campaignDeviceFilters,
      errors: [404],
    }),
    async ({ actor, params, url }) => {
      const query = listQueryOf(url, campaignDeviceFilters);
      const { campaign, page } = await listCampaignDevices(domain, actor, params.campaign_id, query);
      const reasons = await reasonsOf(domain, campaigns.links, campaign, page.items);
      return listBody(page, (row) => campaignDeviceBody(row, campaign, reasons.get(row.id) ?? noReason));
    },
  );

  app.get<{ Params: { campaign_id: string; campaign_device_metadata_id: string } }>(
    `${one}/campaign-device-metadata/:campaign_device_metadata_id`,
    operation({
      id: 'Update_Campaign_Metadata_retrieve',
      tag,
      summary: 'One of these records.',
      permission: 'update-campaigns:read',
      path: { ...path, campaign_device_metadata_id: 'Id of the record.' },
      answer: 'CampaignDeviceMetadata',
      errors: [404],
    }),
    async ({ actor, params }) => {
      const id = params.campaign_device_metadata_id;
      const { campaign, row } = await getCampaignDevice(domain, actor, params.campaign_id, id);
      const reasons = await reasonsOf(domain, campaigns.links, campaign, [row]);
      return campaignDeviceBody(row, campaign, reasons.get(row.id) ?? noReason);
    },
  );
}

/** The list envelope around what always fits one page. */
const wholeList = <Item>(data: Item[]) => ({
  object: 'list' as const,
  limit: 50,
  after: null,
  order: 'ASC' as const,
  has_more: false,
  total_count: data.length,
  data,
});

function statisticsRoutes(app: FastifyInstance, domain: Domain): void {
  const now = () => domain.clock.now().getTime();
  const summaryPath = { ...path, summary_status_id: '`fail`, `success`, `info` or `skipped`.' };
  type OfSummary = { Params: { campaign_id: string; summary_status_id: string } };

  app.get<OfCampaign>(
    `${one}/metrics`,
    operation({
      id: 'Update_Campaign_metrics',
      tag,
      summary: 'How many devices of a campaign are done.',
      permission: 'update-campaigns:read',
      path,
      answer: 'CampaignMetrics',
      errors: [404],
    }),
    async ({ actor, params }) => metricsBody(await campaignMetrics(domain, actor, params.campaign_id), now()),
  );

  app.get<OfCampaign>(
    `${one}/statistics`,
    operation({
      id: 'Update_Campaign_statistics_list',
      tag,
      summary: 'The same as a list; every device is counted once.',
      permission: 'update-campaigns:read',
      path,
      answer: 'EventTypeSummaryList',
      errors: [404],
    }),
    async ({ actor, params: { campaign_id: id } }) =>
      wholeList((await summaries(domain, actor, id)).map((found) => summaryBody(id, found, now()))),
  );

  app.get<OfSummary>(
    `${one}/statistics/:summary_status_id`,
    operation({
      id: 'Update_Campaign_statistics_retrieve',
      tag,
      summary: 'One of these numbers.',
      permission: 'update-campaigns:read',
      path: summaryPath,
      answer: 'EventTypeSummary',
      errors: [404],
    }),
    async ({ actor, params: { campaign_id: id, summary_status_id } }) =>
      summaryBody(id, await summary(domain, actor, id, summary_status_id), now()),
  );

  app.get<OfSummary>(
    `${one}/statistics/:summary_status_id/event_types`,
    operation({
      id: 'Update_Campaign_event_types_list',
      tag,
      summary: 'What was heard last of the devices of one of these numbers.',
      permission: 'update-campaigns:read',
      path: summaryPath,
      answer: 'EventTypeList',
      errors: [404],
    }),
    async ({ actor, params: { campaign_id: id, summary_status_id } }) => {
      const { summaryId, events } = await countedEvents(domain, actor, id, summary_status_id);
      return wholeList(events.map((event) => eventTypeBody(id, summaryId, event, now())));
    },
  );

  app.get<{ Params: { campaign_id: string; summary_status_id: string; event_type_id: string } }>(
    `${one}/statistics/:summary_status_id/event_types/:event_type_id`,
    operation({
      id: 'Update_Campaign_event_types_retrieve',
      tag,
      summary: 'One of these events.',
      permission: 'update-campaigns:read',
      path: { ...summaryPath, event_type_id: 'The event type in small letters.' },
      answer: 'EventType',
      errors: [404],
    }),
    async ({ actor, params: { campaign_id: id, summary_status_id, event_type_id } }) => {
      const { summaryId, event } = await countedEvent(domain, actor, id, summary_status_id, event_type_id);
      return eventTypeBody(id, summaryId, event, now());
    },
  );
}
