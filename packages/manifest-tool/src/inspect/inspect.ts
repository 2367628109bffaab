import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { CommandContext, Values } from '@mooring/terminal';
import { requireReadable } from '../argument-file.ts';
import type { Finding } from './finding.ts';
import type { Item, ReadItem, Source } from './item.ts';
import { writePage } from './page.ts';
import { recognise } from './recognise.ts';
import { deviceFindings } from './relations/devices.ts';
import { identityFindings } from './relations/identities.ts';
import { imageFindings } from './relations/images.ts';
import { pairFindings } from './relations/pairs.ts';
import { signerFindings } from './relations/signers.ts';
import { readFolder } from './settings-folder.ts';
import { readSource } from './source.ts';

const withSource = ({ source, item }: { source: Source; item: Item }): ReadItem => ({
  ...item,
  size: source.size,
  sha256: source.sha256,
  path: source.path,
});

async function isFolder({ cwd }: CommandContext, file: string): Promise<boolean> {
  return file !== '-' && (await stat(resolve(cwd, file)).catch(() => undefined))?.isDirectory() === true;
}

/** Each file once, whether it was named itself or lies in a folder that was. */
async function itemsOf(context: CommandContext, files: readonly string[], now: Date): Promise<ReadItem[]> {
  const items: ReadItem[] = [];
  const add = (item: ReadItem) => {
    const known = items.findIndex(({ path }) => path !== undefined && path === item.path);
    if (known < 0) items.push(item);
    // What the folder knows of it counts for more.
    else if (item.folder !== undefined) items[known] = { ...item, file: items[known]?.file ?? item.file };
  };
  for (const file of files) {
    if (await isFolder(context, file)) {
      for (const found of await readFolder(context, file, now)) add(withSource(found));
      continue;
    }
    if (file !== '-') await requireReadable(context, 'manifest-tool inspect', 'FILE', file);
    const source = await readSource(context, file);
    add(withSource({ source, item: await recognise(source, now) }));
  }
  return items;
}

const json = ({ weight, code, files, text, data }: Finding) => ({ weight, code, files, text, ...data });

/**
 * Shows what files are and how they go together. Nothing is changed.
 *
 * @throws MooringError `inspect.folder.unknown`, `manifest.argument`, `file.*`
 */
export async function inspect(context: CommandContext, values: Values): Promise<unknown> {
  const now = context.clock.now();
  const named = (values.files ?? []) as readonly string[];
  const items = await itemsOf(context, named.length > 0 ? named : ['.'], now);
  const relations = [
    ...signerFindings(items),
    ...deviceFindings(items, now),
    ...(await imageFindings(items)),
    ...pairFindings(items),
    ...identityFindings(items),
  ];
  if (!context.json) writePage(context, items, relations);
  const count = (weight: string) =>
    [...items.flatMap(({ findings }) => findings), ...relations].filter((finding) => finding.weight === weight).length;
  const [problems, warnings] = [count('problem'), count('warning')];
  if (problems > 0) context.exit(1);
  return {
    files: items.map(({ file, kind, title, size, sha256, folder, details, findings }) => ({
      file,
      kind,
      title,
      size,
      sha256,
      ...(folder === undefined ? {} : { folder }),
      ...details,
      findings: findings.map(json),
    })),
    relations: relations.map(json),
    problems,
    warnings,
  };
}
