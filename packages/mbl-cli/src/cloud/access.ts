import type { Found, Surroundings } from '@mooring/rest';
import { cloudErrors } from '../errors.ts';
import type { SavedKey } from '../stores/user-store.ts';

/** How to reach the service: the URL, whom to trust, and with which key. */
export interface Access {
  url: string;
  /** Where the URL was found. */
  urlFrom: string;
  /** PEM of the CAs to trust, if not the machine's own. */
  ca?: string | undefined;
  apiKey: string;
  keyFrom: string;
}

export type ServicePlace = Pick<Access, 'url' | 'urlFrom' | 'ca'>;

/**
 * The URL of the service: the option, what was saved with the key, then what the SDKs are configured with.
 *
 * @throws MooringError `cloud.service.unknown`
 */
export function servicePlace(
  option: string | undefined,
  saved: SavedKey | undefined,
  host: Found | undefined,
): ServicePlace {
  const kept = saved?.service;
  if (option) return { url: option, urlFrom: '--service', ca: kept && sameUrl(kept.url, option) ? kept.ca : undefined };
  if (kept) return { url: kept.url, urlFrom: 'the User Store', ca: kept.ca };
  if (host) return { url: host.value, urlFrom: host.from };
  throw cloudErrors('cloud.service.unknown', {
    message: 'Nothing says at which URL the Device Management service is.',
    next: "Give it with the key, once: 'mbl-cli save-api-key KEY --service https://service.example'. The environment variable MBED_CLOUD_SDK_HOST is read too.",
  });
}

const sameUrl = (one: string, other: string) => one.replace(/\/+$/, '') === other.replace(/\/+$/, '');

/**
 * The saved key with its service, or else the key of the SDKs' configuration.
 *
 * @throws MooringError `cloud.key.missing`, `cloud.service.unknown`, `rest.config.malformed`
 */
export async function accessOf(
  saved: SavedKey | undefined,
  around: Surroundings,
  option: string | undefined,
): Promise<Access> {
  const needsSdk = !saved?.service;
  const sdk = needsSdk ? await (await import('./sdk-settings.ts')).sdkSettings(around) : {};
  const key = saved ? { value: saved.apiKey, from: 'the User Store' } : sdk.apiKey;
  if (!key) {
    throw cloudErrors('cloud.key.missing', {
      message: 'You have not added an API key to the store.',
      next: "Save one with 'mbl-cli save-api-key'.",
    });
  }
  return { ...servicePlace(option, saved, sdk.host), apiKey: key.value, keyFrom: key.from };
}
