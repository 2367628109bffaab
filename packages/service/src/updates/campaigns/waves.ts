import { createHash } from 'node:crypto';

/** As a campaign is told them: either a share of its devices, or a group. */
export interface Wave {
  readonly percent?: number;
  readonly group_id?: string;
  readonly pause_seconds?: number;
}

/** Devices in an order of their own for every campaign, which is the same each time it is made: nobody is always first. */
function shuffled(campaignId: string, deviceIds: readonly string[]): string[] {
  const keyed = deviceIds.map((id) => ({ id, key: createHash('sha1').update(`${campaignId} ${id}`).digest('hex') }));
  keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return keyed.map(({ id }) => id);
}

/**
 * Which wave each device is in, from 1. Those of no wave are in one more, after the last.
 *
 * @param membersOf the devices of a group
 */
export function assignWaves(
  campaignId: string,
  waves: readonly Wave[],
  deviceIds: readonly string[],
  membersOf: (groupId: string) => ReadonlySet<string>,
): Map<string, number> {
  const assigned = new Map<string, number>();
  if (waves.length === 0) {
    for (const id of deviceIds) assigned.set(id, 1);
    return assigned;
  }
  const order = shuffled(campaignId, deviceIds);
  waves.forEach(({ percent, group_id }, index) => {
    const free = order.filter((id) => !assigned.has(id));
    const members = group_id === undefined ? undefined : membersOf(group_id);
    // At least one, so that a small wave of few devices is one.
    const share = percent === undefined ? 0 : Math.max(1, Math.round((order.length * percent) / 100));
    const chosen = members ? free.filter((id) => members.has(id)) : free.slice(0, share);
    for (const id of chosen) assigned.set(id, index + 1);
  });
  for (const id of order) if (!assigned.has(id)) assigned.set(id, waves.length + 1);
  return assigned;
}

/** Ms from each wave to the next. */
export const pausesOf = (waves: readonly Wave[]): number[] =>
  waves.map(({ pause_seconds = 0 }) => pause_seconds * 1000);
