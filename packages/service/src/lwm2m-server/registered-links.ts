import { parsePath, pathText, type RegisteredLink, registeredValue, standardCatalogue } from '@mooring/lwm2m';
import { type DeviceFacts, factResources, type RegisteredResource } from '../registry/index.ts';

/** The links of a registration as the directory keeps them. */
export function resourcesOf(links: readonly RegisteredLink[]): RegisteredResource[] {
  return links.map(({ path, resourceType, observable, autoObserve, value, contentFormats: [format] }) => ({
    path: pathText(path),
    ...(resourceType === undefined ? {} : { rt: resourceType }),
    ...(observable ? { obs: true } : {}),
    ...(autoObserve === undefined ? {} : { aobs: autoObserve }),
    ...(format === undefined ? {} : { ct: format }),
    ...(value === undefined ? {} : { v: value }),
  }));
}

/** The other way round, for a device whose registration is older than this process. */
export function linksOf(resources: readonly RegisteredResource[]): RegisteredLink[] {
  return resources.map(({ path, rt, obs, aobs, ct, v }) => ({
    path: parsePath(path),
    observable: obs === true,
    contentFormats: ct === undefined ? [] : [ct],
    ...(rt === undefined ? {} : { resourceType: rt }),
    ...(aobs === undefined ? {} : { autoObserve: aobs }),
    ...(v === undefined ? {} : { value: v }),
  }));
}

/** Versions of firmware that are no time: before the first update, Pelion's clients say -1. */
const timeOfVersion = (text: string): number | undefined =>
  /^[1-9]\d{0,11}$/.test(text) ? Number(text) * 1000 : undefined;

/** What one value says of its device; undefined for a resource that the directory does not follow. */
export function factOf(path: string, value: unknown): DeviceFacts | undefined {
  const fact = factResources[path];
  if (fact === undefined) return undefined;
  const isBytes = value instanceof Uint8Array;
  switch (fact) {
    case 'vendorId':
    case 'deviceClass':
      return isBytes || typeof value === 'string' ? { [fact]: value } : undefined;
    case 'firmwareVersion': {
      const version = timeOfVersion(isBytes ? Buffer.from(value).toString('latin1') : String(value));
      return version === undefined ? undefined : { firmwareVersion: version };
    }
    default:
      return { [fact]: isBytes ? Buffer.from(value).toString('utf8') : String(value) };
  }
}

/** What the values in the links say of their device. */
export function factsOf(links: readonly RegisteredLink[]): DeviceFacts {
  const facts: DeviceFacts = {};
  for (const link of links) {
    if (link.value === undefined) continue;
    const path = pathText(link.path);
    if (factResources[path] === undefined) continue;
    // `v` is text, and Base64 for what is opaque; Pelion's clients say INVALID where they have nothing.
    const value = registeredValue(link, standardCatalogue) ?? link.value;
    if (value instanceof Uint8Array && Buffer.from(value).toString('latin1') === 'INVALID') continue;
    Object.assign(facts, factOf(path, value));
  }
  return facts;
}
