import { sql } from 'kysely';
import type { Domain } from '../../storage/context.ts';
import { prepared } from '../../storage/prepared.ts';
import type { Row } from '../../storage/schema.ts';
import type { DeviceRow } from './device.ts';

type Count = Row<'device_counts'>;

const selectCount = prepared<Pick<Count, 'subject_id'>, Pick<Count, 'devices'>>((db, value) =>
  db.selectFrom('device_counts').select('devices').where('subject_id', '=', value('subject_id')),
);

const addCount = prepared<Count, unknown>((db, value) =>
  db
    .insertInto('device_counts')
    .values({ account_id: value('account_id'), subject_id: value('subject_id'), devices: value('devices') })
    .onConflict((conflict) =>
      conflict.column('subject_id').doUpdateSet({ devices: sql`device_counts.devices + excluded.devices` }),
    ),
);

/** How many devices an account, or a trusted certificate, has. */
export async function deviceCount(domain: Domain, subjectId: string): Promise<number> {
  const [row] = await selectCount(domain.storage.db, { subject_id: subjectId });
  return row?.devices ?? 0;
}

/** Counts a device that is new (+1) or gone (-1). To be called in the transaction that makes or deletes it. */
export async function countDevice(
  domain: Domain,
  { account_id, ca_id }: Pick<DeviceRow, 'account_id' | 'ca_id'>,
  by: 1 | -1,
): Promise<void> {
  for (const subject_id of ca_id === null ? [account_id] : [account_id, ca_id]) {
    await addCount(domain.storage.db, { account_id, subject_id, devices: by });
  }
}
