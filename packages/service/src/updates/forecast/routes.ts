import type { UpdateForecast, UpdateForecastDevice } from '@mooring/rest';
import type { FastifyInstance } from 'fastify';
import { listBody, listQueryOf } from '../../http/list-request.ts';
import { operation } from '../../http/operation.ts';
import { fineTimeText } from '../../http/time-text.ts';
import type { Domain } from '../../storage/context.ts';
import {
  type Forecast,
  type ForecastDevice,
  forecastFilters,
  listForecastDevices,
  updateForecast,
} from './forecast.ts';

export const forecastBody = (forecast: Forecast): UpdateForecast => ({
  object: 'update-forecast',
  device_count: forecast.devices,
  unknown_count: forecast.unknown,
  horizons: forecast.horizons.map(({ days, at, devices, stranded }) => ({
    days,
    at: fineTimeText(at),
    device_count: devices,
    stranded_count: stranded,
  })),
  certificates: forecast.certificates.map(({ fingerprint, notAfter, client, devices }) => ({
    certificate_fingerprint: fingerprint,
    validity: fineTimeText(notAfter),
    client,
    device_count: devices,
  })),
  created_at: fineTimeText(forecast.at),
});

const deviceBody = (device: ForecastDevice): UpdateForecastDevice => ({
  object: 'update-forecast-device',
  id: device.id,
  name: device.name,
  client: device.client,
  certificate_fingerprint: device.fingerprint,
  validity: fineTimeText(device.notAfter),
  source: device.source,
});

const tag = 'Update campaigns';

export function forecastRoutes(app: FastifyInstance, domain: Domain): void {
  app.get(
    '/v3/update-forecast',
    operation({
      id: 'getUpdateForecast',
      tag,
      summary: 'How many devices lose updates when, because their update certificate ends. Beyond the old service.',
      permission: 'update-campaigns:read',
      answer: 'UpdateForecast',
    }),
    async ({ actor }) => forecastBody(await updateForecast(domain, actor)),
  );

  app.get(
    '/v3/update-forecast/devices',
    operation({
      id: 'listUpdateForecastDevices',
      tag,
      summary: 'The devices whose update certificate is known: `validity__lte=…` for those that lose updates by then.',
      permission: 'update-campaigns:read',
      answer: 'UpdateForecastDevicePage',
      list: forecastFilters,
    }),
    async ({ actor, url }) =>
      listBody(await listForecastDevices(domain, actor, listQueryOf(url, forecastFilters)), deviceBody),
  );
}
