import { RestClient } from '@mooring/rest';
import { version } from '../version.ts';
import type { Access } from './access.ts';

export function clientFor(access: Pick<Access, 'url' | 'ca' | 'apiKey'>, signal: AbortSignal): RestClient {
  return new RestClient({
    url: access.url,
    apiKey: access.apiKey,
    userAgent: `mbl-cli/${version} (Mooring)`,
    signal,
    ...(access.ca === undefined ? {} : { ca: access.ca }),
  });
}
