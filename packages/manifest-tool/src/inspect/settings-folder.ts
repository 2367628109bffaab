import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isMooringError } from '@mooring/platform';
import type { CommandContext } from '@mooring/terminal';
import { cacheFiles } from '../dev-tool/cache.ts';
import { usualCacheFolder } from '../dev-tool/cache-folder.ts';
import { projectFiles, unfinishedRecord } from '../project-folder.ts';
import { successorFiles } from '../renew/successor-files.ts';
import { inspectErrors } from './errors.ts';
import type { Finding } from './finding.ts';
import type { Item, Source } from './item.ts';
import { cloudSettingsItem, masterKeyItem, readSettings, settingsItem } from './kinds/settings.ts';
import { recognise } from './recognise.ts';
import { readSource } from './source.ts';

/** The files of a settings folder and what they are known to be: not everything shows what it is. */
interface FolderFile {
  file: string;
  as?: 'settings' | 'dev-settings' | 'cloud-settings' | 'master-key';
  /** Of settings: the folder that the paths in them are relative to. */
  base?: string;
}

const filesBelow = (folder: string): string[] =>
  existsSync(folder) && statSync(folder).isDirectory()
    ? readdirSync(folder)
        .filter((name) => statSync(join(folder, name)).isFile())
        .sort()
    : [];

/** Files that settings name, which may lie anywhere; 1.x takes them from the folder of the settings, 2.x from the current one. */
function namedIn(kind: 'settings' | 'dev-settings', file: string, data: Uint8Array, base: string): FolderFile[] {
  try {
    const { certificates, privateKey, masterKey } = readSettings(kind, file, data);
    const at = (name: string) => join(base, name);
    return [
      ...certificates.map((name): FolderFile => ({ file: at(name) })),
      ...(privateKey === undefined ? [] : [{ file: at(privateKey) }]),
      ...(masterKey === undefined ? [] : [{ file: at(masterKey), as: 'master-key' as const }]),
    ];
  } catch (error) {
    if (isMooringError(error)) return [];
    throw error;
  }
}

/** All files of a settings folder of either generation that are there, each once. */
function filesOf(cwd: string, folder: string): FolderFile[] {
  const there = (file: string) => existsSync(resolve(cwd, file));
  const at = (name: string) => join(folder, name);
  const found: FolderFile[] = [];
  const settings = at(projectFiles.settings);
  if (there(settings)) {
    found.push({ file: settings, as: 'settings', base: folder });
    found.push(...namedIn('settings', settings, readFileSync(resolve(cwd, settings)), folder));
  }
  const isCache = there(at(cacheFiles.config));
  const cache = isCache ? folder : at(usualCacheFolder);
  const devSettings = join(cache, cacheFiles.config);
  if (there(devSettings)) {
    const base = isCache ? join(folder, '..') : folder;
    found.push({ file: devSettings, as: 'dev-settings', base });
    found.push(...namedIn('dev-settings', devSettings, readFileSync(resolve(cwd, devSettings)), base));
  }
  found.push({ file: at(projectFiles.resources) }, { file: at(successorFiles.resources) });
  for (const name of filesBelow(resolve(cwd, folder, projectFiles.certificates))) {
    found.push({ file: at(join(projectFiles.certificates, name)) });
  }
  if (there(devSettings)) {
    for (const name of filesBelow(resolve(cwd, cache))) {
      if (/\.(?:pem|der)$/.test(name)) found.push({ file: join(cache, name) });
    }
    found.push({ file: join(cache, cacheFiles.cloudConfig), as: 'cloud-settings' });
  }
  found.push({ file: at(projectFiles.cloudSettings), as: 'cloud-settings' });
  const seen = new Set<string>();
  return found.filter(({ file }) => {
    const isNew = there(file) && !seen.has(resolve(cwd, file));
    seen.add(resolve(cwd, file));
    return isNew;
  });
}

const damaged = (source: Source, title: string, error: unknown): Item => {
  if (!isMooringError(error)) throw error;
  const text = error.message.replace(/\.$/, '');
  const findings: Finding[] = [{ weight: 'problem', code: 'file.damaged', files: [source.file], text }];
  return { file: source.file, kind: 'damaged', title: `${title}, DAMAGED`, facts: [], details: {}, findings };
};

async function itemOf(cwd: string, { as, base = '.' }: FolderFile, source: Source, now: Date): Promise<Item> {
  const load = (name: string) => {
    const path = resolve(cwd, base, name);
    return existsSync(path) && statSync(path).isFile() ? readFileSync(path) : undefined;
  };
  try {
    if (as === 'settings' || as === 'dev-settings') return settingsItem(source, as, load);
    if (as === 'cloud-settings') return cloudSettingsItem(source);
    if (as === 'master-key') return masterKeyItem(source);
  } catch (error) {
    return damaged(source, 'settings', error);
  }
  return await recognise(source, now);
}

/** The items of a settings folder, with the folder's own findings on the first of them. */
export async function readFolder(
  context: CommandContext,
  folder: string,
  now: Date,
): Promise<{ source: Source; item: Item }[]> {
  const files = filesOf(context.cwd, folder);
  if (files.length === 0) {
    throw inspectErrors('inspect.folder.unknown', {
      message: `${folder} is not a folder of settings: neither \`manifest-tool init\` nor \`manifest-dev-tool init\` ran there.`,
      next: 'Name the files in it that you want to see.',
      data: { path: folder },
    });
  }
  const unfinished = join(folder, unfinishedRecord);
  const interrupted: Finding[] = existsSync(resolve(context.cwd, unfinished))
    ? [
        {
          weight: 'problem',
          code: 'settings.unfinished',
          files: [unfinished],
          text: 'an `init` was interrupted here: repeat it, and it is finished or taken back first',
        },
      ]
    : [];
  const items: { source: Source; item: Item }[] = [];
  for (const [index, file] of files.entries()) {
    const source = await readSource(context, file.file);
    const item = await itemOf(context.cwd, file, source, now);
    const findings = index === 0 ? [...interrupted, ...item.findings] : item.findings;
    items.push({ source, item: { ...item, findings, folder } });
  }
  return items;
}
