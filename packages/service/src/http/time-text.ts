/** RFC 3339 in UTC without a fraction, as accounts and certificates have it: `2018-02-13T09:35:20Z`. */
export const timeText = (milliseconds: number): string =>
  new Date(Math.floor(milliseconds / 1000) * 1000).toISOString().replace('.000Z', 'Z');

/** The same with six digits of a fraction, as the device directory has them: clients parse them with a fraction alone. */
export const fineTimeText = (milliseconds: number): string => new Date(milliseconds).toISOString().replace('Z', '000Z');

/** The day: `2036-11-22`. */
export const dayText = (milliseconds: number): string => new Date(milliseconds).toISOString().slice(0, 10);
