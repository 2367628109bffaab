import type { DeviceReport } from '@mooring/lwm2m';

/**
 * Why something failed, so that thousands of failures come down to a few reasons: without addresses, times and what is said
 * of them.
 */
export function reasonOf(what: DeviceReport, detail = ''): string {
  const brief = detail
    .replace(/^The connection to .+? was not made: /, '')
    .replace(/^The connection to .+? was not secure in time\.$/, 'no handshake in time')
    .replace(/^The server at .+? is not one that is trusted: /, 'server not trusted: ')
    .replace(/\b\d{1,3}(\.\d{1,3}){3}(:\d+)?/g, 'server')
    .replace(/\b\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replace(/\.$/, '')
    .trim();
  return brief === '' ? what : `${what}: ${brief}`;
}
