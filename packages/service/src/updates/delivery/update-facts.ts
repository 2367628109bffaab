import { registeredValue, standardCatalogue } from '@mooring/lwm2m';
import { linksOf } from '../../lwm2m-server/registered-links.ts';
import { plainFingerprint, plainUuid } from '../../registry/devices/identifiers.ts';
import type { RegisteredResource } from '../../registry/index.ts';

/** Where a device says how it can be updated: Pelion's objects 14, 10252 and 10255, and three resources of our own client. */
export const paths = {
  package: '/10252/0/1',
  state: '/10252/0/2',
  result: '/10252/0/3',
  packageName: '/10252/0/5',
  packageVersion: '/10252/0/6',
  protocol: '/10255/0/0',
  vendor: '/10255/0/3',
  class: '/10255/0/4',
  schemas: '/10255/0/26240',
  certificate: '/10255/0/26241',
  certificateEnd: '/10255/0/26242',
} as const;

export interface Component {
  /** `/14/0`. */
  readonly path: string;
  readonly name: string;
  readonly version: string | undefined;
}

/** What a device says of itself that an update depends on. */
export interface UpdateFacts {
  /** It has a resource that takes manifests. */
  readonly takesManifests: boolean;
  readonly protocol: number | undefined;
  /** Schemas that it takes; empty where it says nothing of the kind. */
  readonly schemas: readonly ('1' | '3')[];
  /** It said so itself, as our own client does. */
  readonly saysSchemas: boolean;
  /** 32 hex digits. */
  readonly vendor: string | undefined;
  readonly class: string | undefined;
  readonly components: readonly Component[];
  /** SHA-256 of what runs, hex. */
  readonly digest: string | undefined;
  /** Version of what runs, where that is a number. */
  readonly version: string | undefined;
  readonly result: number | undefined;
  /** SHA-256 of its update certificate, hex. */
  readonly certificate: string | undefined;
  /** Its end, ms. */
  readonly certificateEnd: number | undefined;
}

/** What was read of a resource: text, or bytes. */
export type Value = string | Uint8Array;

const text = (value: Value | undefined): string | undefined =>
  value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : value;

export function numberOf(value: Value | undefined): number | undefined {
  const found = text(value)?.trim();
  return found !== undefined && /^-?\d{1,15}$/.test(found) ? Number(found) : undefined;
}

function identifierOf(value: Value | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string') return /^[0-9a-f]{32}$/.test(plainUuid(value)) ? plainUuid(value) : undefined;
  return value.length === 16 ? Buffer.from(value).toString('hex') : undefined;
}

function schemasOf(said: string | undefined, protocol: number | undefined): readonly ('1' | '3')[] {
  if (said !== undefined) return (['1', '3'] as const).filter((schema) => said.split(/[\s,]+/).includes(schema));
  if (protocol === undefined || protocol < 1) return [];
  return protocol >= 4 ? ['3'] : ['1'];
}

/** The values that stood in the links of a registration, by path. */
export function publishedValues(resources: readonly RegisteredResource[]): Map<string, Value> {
  const values = new Map<string, Value>();
  for (const resource of resources) {
    if (resource.v === undefined || !/^\/(14|10252|10255)\//.test(resource.path)) continue;
    const [link] = linksOf([resource]);
    const value = (link && registeredValue(link, standardCatalogue)) ?? resource.v;
    values.set(resource.path, value instanceof Uint8Array ? value : String(value));
  }
  return values;
}

const componentPaths = (resources: readonly RegisteredResource[]): string[] =>
  resources.flatMap(({ path }) => (/^\/14\/\d+\/0$/.test(path) ? [path.slice(0, -2)] : []));

/** What has to be asked of a device that does not publish its values. */
export function unpublished(resources: readonly RegisteredResource[], values: ReadonlyMap<string, Value>): string[] {
  const listed = new Set(resources.map(({ path }) => path));
  const wanted = [
    paths.protocol,
    paths.vendor,
    paths.class,
    paths.schemas,
    ...componentPaths(resources).flatMap((path) => [`${path}/0`, `${path}/2`]),
  ];
  return wanted.filter((path) => listed.has(path) && !values.has(path));
}

export function factsFrom(resources: readonly RegisteredResource[], values: ReadonlyMap<string, Value>): UpdateFacts {
  const protocol = numberOf(values.get(paths.protocol));
  const said = text(values.get(paths.schemas));
  const end = numberOf(values.get(paths.certificateEnd));
  const version = text(values.get(paths.packageVersion));
  return {
    takesManifests: resources.some(({ path }) => path === paths.package || path === '/10252' || path === '/10252/0'),
    protocol,
    schemas: schemasOf(said, protocol),
    saysSchemas: said !== undefined,
    vendor: identifierOf(values.get(paths.vendor)),
    class: identifierOf(values.get(paths.class)),
    components: componentPaths(resources).flatMap((path) => {
      const name = text(values.get(`${path}/0`));
      return name === undefined ? [] : [{ path, name, version: text(values.get(`${path}/2`)) }];
    }),
    digest: plainFingerprint(text(values.get(paths.packageName)) ?? '')?.toLowerCase(),
    version: version === undefined || version === '-1' ? undefined : version,
    result: numberOf(values.get(paths.result)),
    certificate: plainFingerprint(text(values.get(paths.certificate)) ?? '')?.toLowerCase(),
    certificateEnd: end === undefined || end <= 0 ? undefined : end * 1000,
  };
}
