import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileError, isMooringError } from '@mooring/platform';
import type { SdkSettings } from '@mooring/rest';
import { terminalErrors } from '@mooring/terminal';
import { type ServicePlace, servicePlace } from '../cloud/access.ts';
import { cloudErrors } from '../errors.ts';
import { interrupted } from '../interrupted.ts';
import { command, type Session, text } from './session.ts';
import { serviceOption } from './store-access.ts';

export const saveApiKey = command({
  name: 'save-api-key',
  summary: 'Check an API key with the service and keep it.',
  description: `Asks the service whether it knows the key, then keeps key, URL and CA together in the User Store. Another key replaces it. Without KEY the key is taken from the environment variable MBED_CLOUD_SDK_API_KEY, or asked for. A service with a CA of its own is trusted by the CA's fingerprint or file, which 'mooring ca export' gives.`,
  positionals: [
    { name: 'key', count: '?', help: 'The API key. Others on this machine may see it in a list of processes.' },
  ],
  options: [
    { flags: ['--key-stdin'], name: 'key_stdin', help: 'Read the key from standard input.' },
    { ...serviceOption, help: 'The Device Management service that the key is for, as https://HOST[:PORT].' },
    {
      flags: ['--ca-fingerprint'],
      name: 'ca_fingerprint',
      metavar: 'HEX',
      help: 'Trust the certificate with this SHA-256 in the chain of the service, and no other.',
      excludes: 'ca',
    },
    {
      flags: ['--ca-file'],
      name: 'ca_file',
      metavar: 'FILE',
      help: 'Trust the CA certificates in this PEM file, and no other.',
      excludes: 'ca',
    },
  ],
  examples: [
    {
      run: 'mbl-cli save-api-key ak_1… --service http://127.0.0.1:8080',
      does: 'keeps a key for a service of your own',
    },
    {
      run: 'mbl-cli save-api-key --key-stdin --service https://dm.example < key.txt',
      does: 'reads the key from a file',
    },
  ],
  async run(session, values) {
    const { openStores } = await import('../stores/stores.ts');
    const stores = await openStores(session.home);
    const saved = await stores.user.read();
    const askSdk = !(text(values.service) || saved?.service) || !(values.key_stdin || values.key !== undefined);
    const sdk = askSdk ? await (await import('../cloud/sdk-settings.ts')).sdkSettings(session) : {};
    const place = servicePlace(text(values.service), saved, sdk.host);
    const apiKey = await givenKey(session, values, sdk);
    session.remark(`Service: ${place.url} (from ${place.urlFrom}).`);
    warnIfOpen(session, place.url);
    const ca = await trustedCa(session, values, place);
    const account = await check(session, { ...place, ca, apiKey });
    const service = { url: place.url.trim().replace(/\/+$/, ''), ...(ca === undefined ? {} : { ca }) };
    await stores.user.save({ apiKey, service });
    session.remark(`Saved in ${stores.user.folder}.`);
    return { service: service.url, ...account };
  },
});

async function givenKey(
  session: Session,
  values: Readonly<Record<string, unknown>>,
  sdk: SdkSettings,
): Promise<string> {
  const key = (await keySource(session, values, sdk)).trim();
  if (key !== '') return key;
  throw cloudErrors('cloud.key.missing', {
    message: 'The API key is empty.',
    next: 'Give the key that the service showed when it was made; it begins with ak_.',
  });
}

async function keySource(
  session: Session,
  values: Readonly<Record<string, unknown>>,
  sdk: SdkSettings,
): Promise<string> {
  if (values.key_stdin === true) {
    const { text: readAll } = await import('node:stream/consumers');
    return readAll(session.io.stdin);
  }
  const given = text(values.key);
  if (given !== undefined) return given;
  if (sdk.apiKey) {
    session.remark(`API key from ${sdk.apiKey.from}.`);
    return sdk.apiKey.value;
  }
  if (session.prompt.interactive) return session.prompt.askSecret('API key: ');
  throw terminalErrors('input.no.terminal', {
    message: 'No API key was given, and there is no terminal to ask for one.',
    next: "Give it as an argument, in MBED_CLOUD_SDK_API_KEY, or on standard input with '--key-stdin'.",
  });
}

/** A key on an unprotected way can be read by anyone on it. */
function warnIfOpen({ output }: Session, url: string): void {
  const host = /^http:\/\/(\[[^\]]*\]|[^/:]+)/i.exec(url.trim())?.[1]?.toLowerCase();
  if (host === undefined || host === 'localhost' || host === '[::1]' || host.startsWith('127.')) return;
  output.note(`Warning: ${url} is not encrypted; anyone on the way can read the API key. Use https:// where you can.`);
}

async function trustedCa(
  session: Session,
  values: Readonly<Record<string, unknown>>,
  place: ServicePlace,
): Promise<string | undefined> {
  const fingerprint = text(values.ca_fingerprint);
  if (fingerprint !== undefined) {
    const { fetchCertificateAuthority } = await import('@mooring/rest');
    return fetchCertificateAuthority(place.url, fingerprint, { signal: session.signal });
  }
  const file = text(values.ca_file);
  if (file === undefined) return place.ca;
  const path = resolve(session.cwd, file);
  const pem = await readFile(path, 'utf8').catch((error: unknown) => {
    throw fileError(error, path);
  });
  const { certificatesIn } = await import('../cloud/ca-file.ts');
  return certificatesIn(pem, file);
}

async function check(session: Session, access: Pick<ServicePlace, 'url' | 'ca'> & { apiKey: string }) {
  const { clientFor } = await import('../cloud/client.ts');
  const client = clientFor(access, session.signal);
  try {
    const { id, display_name: name } = await client.account({ limits: true, policies: true });
    return { account: { id, name: name ?? null } };
  } catch (error) {
    if (session.signal.aborted) throw interrupted();
    if (!isMooringError(error) || error.code !== 'rest.unauthorized') throw error;
    throw cloudErrors('cloud.key.unknown', {
      message: 'API key not recognised by Pelion Device Management.',
      next: `${client.url.host} does not know it. Check that it is whole, that it has not been deleted, and that this is the service it was made in ('--service URL').`,
      cause: error,
      data: { service: access.url },
    });
  } finally {
    client.close();
  }
}
