import { randomBytes } from 'node:crypto';
import { uriHost } from '../../serve/address.ts';
import type { Domain } from '../../storage/context.ts';

/** The part of a link that nobody can guess: 160 random bits, in letters that need no encoding. */
export const newLink = (): string => randomBytes(20).toString('base64url');

const paths = { image: 'f', manifest: 'm', keyTable: 'k' } as const;

export type LinkKind = keyof typeof paths;

/** Longest file name in a link: links stand in manifests, which have to be short. */
const longestName = 40;

/** A file name as it can stand in a link. */
export function linkName(fileName: string): string {
  const last = fileName.split(/[\\/]/).at(-1) ?? '';
  const plain = last.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[.-]+/, '');
  return plain.slice(-longestName) || 'image';
}

/** Where devices are sent where nothing else is set. */
export const defaultDownloadUrl = (publicHost: string, port: number): string => `http://${uriHost(publicHost)}:${port}`;

/**
 * The address of something that is downloaded. @param name read by people alone: the link is good without it, or with
 * another one
 */
export function linkUrl({ settings }: Domain, kind: LinkKind, link: string, name?: string): string {
  const base = settings.downloadUrl ?? defaultDownloadUrl(settings.publicHost, 8088);
  return `${base}/${paths[kind]}/${link}${name === undefined ? '' : `/${name}`}`;
}

/** What a path below the base means; undefined if nothing. */
export function parseLinkPath(path: string): { kind: LinkKind; link: string } | undefined {
  const found = /^\/(?:[^?]*\/)?([fmk])\/([A-Za-z0-9_-]{27})(?:\/[A-Za-z0-9._-]{0,255})?$/.exec(path);
  if (!found) return undefined;
  const [, letter, link] = found;
  const kind = (Object.keys(paths) as LinkKind[]).find((one) => paths[one] === letter);
  return kind && { kind, link: link as string };
}

/** The link in a whole address, whoever stands before it; for proxies, and to know which image a manifest means. */
export function linkOfUri(uri: string): { kind: LinkKind; link: string } | undefined {
  const path = /^[a-z][a-z0-9+.-]*:\/\/[^/]+(\/[^?#]*)/i.exec(uri)?.[1];
  return path === undefined ? undefined : parseLinkPath(path);
}
