/** RFC 3339 in UTC without a fraction, as accounts and certificates have it: `2018-02-13T09:35:20Z`. */
export const timeText = (milliseconds: number): string =>
  new Date(Math.floor(milliseconds / 1000) * 1000).toISOString().replace('.000Z', 'Z');
