import { type ListQuery, parseListQuery } from '@mooring/rest';
import { sql } from 'kysely';
import { deviceFilters, matchingDevices } from '../../registry/index.ts';
import type { Domain } from '../../storage/context.ts';
import { updateErrors } from '../errors.ts';

/**
 * The filter of a campaign, which is that of the device list. One that is empty is a mistake more often than it is meant.
 *
 * @throws MooringError `campaign.invalid`
 */
export function parseDeviceFilter(text: string): ListQuery {
  const { query, problems } = parseListQuery(`filter=${encodeURIComponent(text)}`, deviceFilters);
  const [problem] = problems;
  const message =
    problem?.message ??
    (query.filters.length === 0 ? 'It names no devices; for all of them write id__neq=0.' : undefined);
  if (message === undefined) return { ...query, limit: Number.MAX_SAFE_INTEGER };
  throw updateErrors('campaign.invalid', {
    message: `The device filter cannot be used: ${message}`,
    next: 'Write it as a filter of the device list: state__eq=registered&device_class__eq=…',
    data: { fields: [{ name: 'device_filter', message }] },
  });
}

/** Ids of the devices that a filter means now. */
export const filteredDevices = (domain: Domain, accountId: string, filter: string): Promise<string[]> =>
  matchingDevices(domain, accountId, parseDeviceFilter(filter));

/** Whether a filter means a device. */
export async function isFiltered(
  domain: Domain,
  accountId: string,
  filter: string,
  deviceId: string,
): Promise<boolean> {
  const only = sql<boolean>`devices.id = ${deviceId}`;
  return (await matchingDevices(domain, accountId, parseDeviceFilter(filter), [only])).length > 0;
}
