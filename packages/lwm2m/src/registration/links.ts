import type { Catalogue } from '../definitions/catalogue.ts';
import { formatLinks, type Link, parseLinks } from '../formats/link-format.ts';
import { textValue, valueText } from '../formats/text.ts';
import { type Path, pathOfSegments, pathText } from '../model/path.ts';
import { naturalType, type Value } from '../model/value.ts';
import { invalidRegistration } from './query.ts';

/** One object, instance or resource that a device says it has. */
export interface RegisteredLink {
  readonly path: Path;
  /** `rt`: what Pelion calls the name of the resource. */
  readonly resourceType?: string;
  /** `obs`: it can be observed. */
  readonly observable: boolean;
  /** `aobs`: the device sends notifications of itself, under the token that belongs to this number. Pelion's own. */
  readonly autoObserve?: number;
  /** `v`: the value now, as text; base64 for opaque resources. Pelion's own. */
  readonly value?: string;
  /** `ct`: content formats. */
  readonly contentFormats: readonly number[];
  /** `ver`, of objects: their version where it is not the one of the enabler. */
  readonly version?: string;
}

export interface RegisteredLinks {
  /** Where the objects stand: `/`, or an alternate path such as `/lwm2m` (OMA LwM2M 1.1 §6.2.1, rt="oma.lwm2m"). */
  readonly root: string;
  /** The content formats that the device has beside those it must have (`ct` of the root's link). */
  readonly contentFormats: readonly number[];
  readonly links: readonly RegisteredLink[];
}

const text = (link: Link, name: string): string | undefined => {
  const value = link.attributes.get(name);
  return typeof value === 'string' ? value : undefined;
};

const formatsOf = (link: Link): number[] =>
  (text(link, 'ct') ?? '')
    .split(/\s+/)
    .filter((word) => /^[0-9]{1,5}$/.test(word))
    .map(Number);

/** Tokens have two bytes: no number above 65535 can come back (seen of Pelion's clients). */
function autoObserveOf(link: Link): number | undefined {
  const value = text(link, 'aobs');
  if (value === undefined) return undefined;
  const number = /^[0-9]{1,5}$/.test(value) ? Number(value) : Number.NaN;
  return number <= 0xffff ? number : invalidRegistration(`"${value.slice(0, 20)}" is not a number of auto-observation`);
}

function registeredLink(path: Path, link: Link): RegisteredLink {
  const [resourceType, autoObserve, value, version] = [
    text(link, 'rt'),
    autoObserveOf(link),
    text(link, 'v'),
    text(link, 'ver'),
  ];
  return {
    path,
    observable: link.attributes.has('obs') || autoObserve !== undefined,
    contentFormats: formatsOf(link),
    ...(resourceType === undefined ? {} : { resourceType }),
    ...(autoObserve === undefined ? {} : { autoObserve }),
    ...(value === undefined ? {} : { value }),
    ...(version === undefined ? {} : { version }),
  };
}

/** Reads the payload of a registration. Links that are no paths of LwM2M are left out. */
export function parseRegisteredLinks(payload: Uint8Array): RegisteredLinks {
  const all = parseLinks(payload);
  const rootLink =
    all.find((link) => link.attributes.get('rt') === 'oma.lwm2m') ?? all.find(({ target }) => target === '/');
  const root = rootLink?.target ?? '/';
  const prefix = root.replace(/\/+$/, '');
  const links: RegisteredLink[] = [];
  for (const link of all) {
    if (link === rootLink || !link.target.startsWith(`${prefix}/`)) continue;
    const path = pathOfSegments(link.target.slice(prefix.length + 1).split('/'));
    if (path) links.push(registeredLink(path, link));
  }
  return { root, contentFormats: rootLink ? formatsOf(rootLink) : [], links };
}

/** The payload for a registration. Attributes stand in the order of Pelion's clients: obs, rt, ver, v, ct, aobs. */
export function formatRegisteredLinks({ root, contentFormats, links }: RegisteredLinks): Uint8Array {
  const prefix = root.replace(/\/+$/, '');
  const made: Link[] = [];
  if (root !== '/' || contentFormats.length > 0) {
    const attributes = new Map<string, string | true>([['rt', 'oma.lwm2m']]);
    if (contentFormats.length > 0) attributes.set('ct', contentFormats.join(' '));
    made.push({ target: root, attributes });
  }
  for (const { path, resourceType, observable, autoObserve, value, contentFormats: formats, version } of links) {
    const attributes = new Map<string, string | true>();
    if (observable && autoObserve === undefined) attributes.set('obs', true);
    if (resourceType !== undefined) attributes.set('rt', resourceType);
    if (version !== undefined) attributes.set('ver', version);
    if (value !== undefined) attributes.set('v', value);
    if (formats.length > 0) attributes.set('ct', formats.join(' '));
    if (autoObserve !== undefined) attributes.set('aobs', String(autoObserve));
    made.push({ target: `${prefix}${pathText(path)}`, attributes });
  }
  return formatLinks(made);
}

/** The `v` of a link as a value; undefined where it has none or one that does not fit the resource's type. */
export function registeredValue(link: RegisteredLink, catalogue: Catalogue): Value | undefined {
  const [objectId, , resourceId] = link.path;
  if (link.value === undefined || objectId === undefined || resourceId === undefined) return undefined;
  try {
    return textValue(catalogue.resource(objectId, resourceId)?.type, link.value);
  } catch {
    return undefined;
  }
}

/** The text for a link's `v`. */
export function linkValue(path: Path, value: Value, catalogue: Catalogue): string {
  const [objectId = 0, , resourceId = 0] = path;
  return valueText(catalogue.resource(objectId, resourceId)?.type ?? naturalType(value), value);
}

/** The token of the notifications that belong to a link's `aobs`: the number in two bytes, big endian. */
export const autoObserveToken = (number: number): Uint8Array => Uint8Array.of(number >> 8, number & 0xff);

/** The number of such a token; undefined for tokens of another length. */
export function autoObserveNumber(token: Uint8Array): number | undefined {
  const [high, low] = token;
  return token.length === 2 && high !== undefined && low !== undefined ? (high << 8) | low : undefined;
}

/** Where the notifications of each number belong. The numbers are new at every registration. */
export function autoObservations(links: readonly RegisteredLink[]): Map<number, Path> {
  const map = new Map<number, Path>();
  for (const { path, autoObserve } of links) {
    if (autoObserve === undefined) continue;
    if (map.has(autoObserve)) invalidRegistration(`auto-observation ${autoObserve} stands at two resources`);
    map.set(autoObserve, path);
  }
  return map;
}

/** The version of each object that the links name with one. */
export function objectVersions(links: readonly RegisteredLink[]): Map<number, string> {
  const versions = new Map<number, string>();
  for (const { path, version } of links) {
    const [objectId] = path;
    if (objectId !== undefined && version !== undefined) versions.set(objectId, version);
  }
  return versions;
}
