import { basename, isAbsolute, join, relative } from 'node:path';
import { storeErrors } from '../errors.ts';
import { isRecord, jsonLine, parseJson } from '../json-line.ts';

/** Which service the saved key belongs to. The old tool keeps keys of config.json that it does not know. */
export interface SavedService {
  url: string;
  /** PEM of the CA under which the service's certificate stands, if it is not a public one. */
  ca?: string | undefined;
  /** The start of the SHA-256 of the key: the old tool may have replaced the key since, for another service. */
  keyId: string;
}

/** Kept in the list, so that it travels with the store to other machines and outlives what sync programs do to modes. */
export interface Sharing {
  /** By name: numbers differ between machines. */
  group: string;
  /** The group may add and delete certificates, not only use them. */
  write: boolean;
}

/** `config.json` of a store, in the form that Arm's Python tool reads and writes. */
export interface StoreConfig {
  /** The key for the service's REST API; used in the User Store alone, else empty. */
  apiKey: string;
  /** File names (`VARIABLE.bin`) by certificate name, in order of first addition; used in the Team Store alone. */
  certificates: Map<string, string[]>;
  service?: SavedService | undefined;
  /** Set by `mbl-cli store share`. */
  sharing?: Sharing | undefined;
  /** What others keep in the file. */
  others: Record<string, unknown>;
}

const emptyConfig = (): StoreConfig => ({ apiKey: '', certificates: new Map(), others: {} });

/**
 * @param text undefined or empty for a store that is new: the old tool leaves an empty file behind by opening one
 * @throws MooringError `store.config.malformed`
 */
export function parseStoreConfig(text: string | undefined, path: string): StoreConfig {
  if (text === undefined || text.trim() === '') return emptyConfig();
  const content = parseJson(text)?.value;
  if (!isRecord(content)) throw malformed(path, 'is not a JSON object');
  const {
    location: _,
    api_key: apiKey,
    dev_certs: certificates,
    mooring_service: service,
    mooring_sharing: sharing,
    ...others
  } = content;
  if (typeof apiKey !== 'string') throw malformed(path, 'has no text "api_key"');
  if (!isRecord(certificates)) throw malformed(path, 'has no object "dev_certs"');
  const listed = new Map<string, string[]>();
  for (const [name, files] of Object.entries(certificates)) {
    if (!Array.isArray(files) || !files.every((file) => typeof file === 'string')) {
      throw malformed(path, `does not list files for the certificate ${JSON.stringify(name)}`);
    }
    listed.set(
      name,
      files.map((file: string) => basename(file.replaceAll('\\', '/'))),
    );
  }
  return {
    apiKey,
    certificates: listed,
    ...(service === undefined ? {} : { service: savedService(service, path) }),
    ...(sharing === undefined ? {} : { sharing: savedSharing(sharing, path) }),
    others,
  };
}

function savedService(value: unknown, path: string): SavedService {
  if (!isRecord(value) || typeof value.url !== 'string' || typeof value.key_id !== 'string') {
    throw malformed(path, 'has a "mooring_service" without text "url" and "key_id"');
  }
  if (value.ca !== undefined && typeof value.ca !== 'string') {
    throw malformed(path, 'has a "mooring_service" whose "ca" is no text');
  }
  return { url: value.url, keyId: value.key_id, ...(value.ca === undefined ? {} : { ca: value.ca }) };
}

function savedSharing(value: unknown, path: string): Sharing {
  if (isRecord(value) && typeof value.group === 'string' && typeof value.write === 'boolean') {
    return { group: value.group, write: value.write };
  }
  throw malformed(path, 'has a "mooring_sharing" without a text "group" and a true or false "write"');
}

/** @param folder the store, as an absolute path: the old tool writes to `location` and sends the files at these paths */
export function formatStoreConfig(config: StoreConfig, folder: string): string {
  const paths = [...config.certificates].map(
    ([name, files]) => [name, files.map((file) => join(folder, name, file))] as const,
  );
  return jsonLine({
    location: folder,
    api_key: config.apiKey,
    dev_certs: new Map(paths),
    mooring_service: config.service && {
      url: config.service.url,
      ca: config.service.ca,
      key_id: config.service.keyId,
    },
    mooring_sharing: config.sharing && { group: config.sharing.group, write: config.sharing.write },
    ...config.others,
  });
}

/** True if the folder of this certificate lies directly in the store: the old tool took any path for a name. */
export function liesInStore(folder: string, name: string): boolean {
  const way = relative(folder, join(folder, name));
  return way !== '' && !way.startsWith('..') && !isAbsolute(way) && way === name;
}

function malformed(path: string, what: string) {
  return storeErrors('store.config.malformed', {
    message: `${path} ${what}.`,
    next: 'It was left as it is. Mend it, or move it away to begin with an empty store.',
    data: { path },
  });
}
