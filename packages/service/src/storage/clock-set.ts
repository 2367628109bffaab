import { type RawBuilder, sql } from 'kysely';

/** Between a time and the note of it, ms. */
const slack = 1_000;

/**
 * Rows whose time was written before the clock was set, to be asked soon after. After a step back, times that lie further
 * back than the step cannot be told from new ones, and stay.
 *
 * @param jump by how many ms the clock was set
 * @param now by the clock as it is
 */
export const writtenBefore = (column: string, jump: number, now: number): RawBuilder<boolean> =>
  jump > 0 ? sql`${sql.ref(column)} <= ${now - jump + slack}` : sql`${sql.ref(column)} > ${now}`;
