import { lwm2mErrors } from '../errors.ts';

/**
 * Where something is in the tree of a device: no number for the root, then object, object instance, resource and
 * resource instance (OMA LwM2M 1.1 §7.1). `[3, 0, 13]` is `/3/0/13`.
 */
export type Path = readonly number[];

export const root: Path = [];

/** 65535 is reserved and names nothing (OMA LwM2M 1.1 §7.1, MAX_ID). */
export const maxId = 65534;

const decimal = /^(?:0|[1-9][0-9]{0,4})$/;

function invalid(text: string): never {
  throw lwm2mErrors('lwm2m.path.invalid', {
    message: `"${text.slice(0, 80)}" is not a path such as /3/0/13.`,
    next: 'Give up to four numbers from 0 to 65534, each after a slash.',
    data: { path: text.slice(0, 80) },
  });
}

/** One number of a path; undefined for anything else. */
export function parseId(text: string): number | undefined {
  const id = decimal.test(text) ? Number(text) : Number.NaN;
  return id <= maxId ? id : undefined;
}

/** The path that these segments (Uri-Path options) name; undefined where they name none. */
export function pathOfSegments(segments: readonly string[]): Path | undefined {
  if (segments.length > 4) return undefined;
  const path: number[] = [];
  for (const segment of segments) {
    const id = parseId(segment);
    if (id === undefined) return undefined;
    path.push(id);
  }
  return path;
}

/** `/`, `/3`, `/3/0` … `/3/0/11/0`. */
export function parsePath(text: string): Path {
  if (text === '/') return root;
  if (!text.startsWith('/')) invalid(text);
  return pathOfSegments(text.slice(1).split('/')) ?? invalid(text);
}

export const pathText = (path: Path): string => `/${path.join('/')}`;

export const pathSegments = (path: Path): string[] => path.map(String);

export function isSamePath(a: Path, b: Path): boolean {
  return a.length === b.length && a.every((id, depth) => id === b[depth]);
}

/** Whether `path` is `ancestor` or lies below it. */
export function isWithin(path: Path, ancestor: Path): boolean {
  return path.length >= ancestor.length && ancestor.every((id, depth) => id === path[depth]);
}
