import { RestClient, sdkSettings } from '@mooring/rest';
import type { CommandContext } from '@mooring/terminal';
import { updateErrors } from './errors.ts';

/** Where the service is, and the key for it. */
export interface ServiceAccess {
  url: string;
  apiKey: string;
  /** SHA-256 of a certificate in its chain, which is then the only one to trust. */
  caFingerprint: string | undefined;
}

/** Where the SDK looks for the service if nothing says where it is. */
export const usualHost = 'https://api.us-east-1.mbedcloud.com';

/**
 * As mbed-cloud-sdk 2.2.0 for Python finds it: `-a`, the environment, `.env`, then `.mbed_cloud_config.json` here, in
 * the home folder and in /etc.
 *
 * @throws MooringError `update.access.missing`, `rest.config.malformed`
 */
export async function sdkAccess(
  context: Pick<CommandContext, 'env' | 'cwd' | 'home'>,
  { apiKey, caFingerprint }: { apiKey: string | undefined; caFingerprint: string | undefined },
): Promise<ServiceAccess> {
  const settings = await sdkSettings(context);
  const key = apiKey || settings.apiKey?.value;
  if (key) return { url: settings.host?.value ?? usualHost, apiKey: key, caFingerprint };
  throw updateErrors('update.access.missing', {
    message:
      'API key is required to connect to the Update Service. It can be added using manifest-tool init -a <api key> or by manually editing .mbed_cloud_config.json',
    next: 'The option -a and the environment variable MBED_CLOUD_SDK_API_KEY are read too.',
  });
}

export interface ClientOptions {
  userAgent: string;
  signal?: AbortSignal;
  timeout?: number;
}

export const clientFor = ({ url, apiKey, caFingerprint }: ServiceAccess, options: ClientOptions): RestClient =>
  new RestClient({ url, apiKey, ...(caFingerprint === undefined ? {} : { caFingerprint }), ...options });
