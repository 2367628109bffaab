import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseCertificate } from '@mooring/pki';
import { fileError, isMooringError, readFileIfExists } from '@mooring/platform';
import { checkCertificate } from '../provisioning/completeness.ts';
import { checkCertificateName } from './certificate-name.ts';
import { changePrefix } from './change-folder.ts';
import { configPath, readConfig } from './config-file.ts';
import { conflictCopyOf } from './conflict-copies.ts';
import type { Entry, Inspection, Problem } from './inspection.ts';
import { checkModes } from './mode-check.ts';
import { teamModes } from './sharing.ts';
import { liesInStore, parseStoreConfig, type StoreConfig } from './store-config.ts';
import { type StoredCertificate, storedCertificate } from './stored-certificate.ts';

/** Files that systems and sync programs put into any folder. */
const foreignFiles = /^(\..*|desktop\.ini|Thumbs\.db|Icon\r?)$/i;

/** Looks through a Team Store; nothing is changed. */
export async function checkTeamStore(folder: string, now: Date): Promise<Inspection> {
  const inspection: Inspection = { folder, exists: true, entries: [], problems: [] };
  const { problems } = inspection;
  const there = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fileError(error, folder);
  });
  if (!there) return { ...inspection, exists: false };
  let config: StoreConfig;
  try {
    config = await readConfig(folder);
  } catch (error) {
    if (!isMooringError(error) || error.code !== 'store.config.malformed') throw error;
    problems.push({ kind: 'list-malformed', path: configPath(folder), says: error.message, next: error.next });
    return inspection;
  }
  inspection.sharing = config.sharing;

  for (const entry of there.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.name.startsWith(changePrefix)) {
      problems.push({ kind: 'interrupted', path, says: `${entry.name} is left of a command that was interrupted.` });
    } else if (/^\..*\.tmp$/.test(entry.name)) {
      problems.push({ kind: 'leftover', path, says: `${entry.name} is left of a command that was interrupted.` });
    } else if (entry.isDirectory()) {
      if (!config.certificates.has(entry.name) && !entry.name.startsWith('.')) {
        problems.push(await unlisted(folder, entry.name, config));
      }
    } else if (entry.name !== 'config.json' && !foreignFiles.test(entry.name)) {
      problems.push(await looseFile(folder, entry.name, config));
    }
  }
  const whole = there.some(({ name }) => name === 'config.json') ? ['config.json'] : [];
  const paths = new Map<string, string[]>([['', whole]]);
  for (const [name, files] of config.certificates) {
    inspection.entries.push(await checkEntry(folder, name, files, now, problems, paths));
  }
  checkNames([...config.certificates.keys()], folder, problems);
  problems.push(...(await checkModes(folder, config, await teamModes(folder, config.sharing), paths)));
  return inspection;
}

async function looseFile(folder: string, name: string, config: StoreConfig): Promise<Problem> {
  const path = join(folder, name);
  if (!conflictCopyOf(name, 'file', (original) => original === 'config.json')) {
    return {
      kind: 'extra',
      path,
      says: `${name} is no part of the store.`,
      next: 'Move it away if it is not meant to be here.',
    };
  }
  const copy = await readCopy(path);
  if (!copy) {
    const says = `${name} is a conflict copy of config.json that cannot be read.`;
    return { kind: 'conflict-copy', path, says, next: 'Look into it, then remove it.' };
  }
  const besides = [...copy.certificates.keys()].filter((known) => !config.certificates.has(known));
  const lists =
    besides.length > 0 ? `lists ${besides.map((known) => `'${known}'`).join(', ')} besides` : 'adds nothing';
  return { kind: 'conflict-copy', path, says: `${name} is a conflict copy of config.json, which ${lists}.` };
}

/** The list of a conflict copy, or undefined if it is none. */
export async function readCopy(path: string): Promise<StoreConfig | undefined> {
  const text = (await readFileIfExists(path))?.toString('utf8') ?? '';
  try {
    return parseStoreConfig(text, path);
  } catch {
    return undefined;
  }
}

/** A folder that no entry names: a conflict copy, or a certificate whose entry was lost. */
async function unlisted(folder: string, name: string, config: StoreConfig): Promise<Problem> {
  const path = join(folder, name);
  const copy = conflictCopyOf(name, 'folder', (original) => config.certificates.has(original));
  const found = await certificateIn(folder, name);
  const what = copy ? `is a conflict copy of the certificate '${copy.original}'` : 'is not listed';
  return {
    kind: copy ? 'conflict-copy' : 'unlisted',
    path,
    certificate: copy?.original,
    says: found ? `The folder ${name} ${what}.` : `The folder ${name} ${what} and holds no whole certificate.`,
    next: found ? undefined : 'Move it away if it is not meant to be here.',
  };
}

/** The certificate that a folder of the store holds, if it is whole and nothing else is in it. */
export async function certificateIn(folder: string, name: string): Promise<StoredCertificate | undefined> {
  try {
    checkCertificateName(name);
    const files = await readdir(join(folder, name));
    if (files.length === 0 || files.some((file) => !file.endsWith('.bin'))) return undefined;
    return await wholeCertificate(folder, name, files);
  } catch {
    return undefined;
  }
}

/** @throws MooringError `store.certificate.*` */
async function wholeCertificate(folder: string, name: string, files: readonly string[]): Promise<StoredCertificate> {
  const items = await Promise.all(
    files.map(async (file) => ({
      name: file.slice(0, -'.bin'.length),
      data: (await readFileIfExists(join(folder, name, file))) ?? new Uint8Array(),
    })),
  );
  const certificate = storedCertificate(name, items);
  checkCertificate(certificate, certificate.kind === 'update' ? 'update' : 'developer');
  return certificate;
}

async function checkEntry(
  folder: string,
  name: string,
  files: readonly string[],
  now: Date,
  problems: Problem[],
  paths: Map<string, string[]>,
): Promise<Entry> {
  const path = join(folder, name);
  const entry: Entry = { name, kind: 'unknown', files: files.length };
  const problem = (found: Omit<Problem, 'certificate' | 'path'> & { path?: string }) =>
    void problems.push({ path, ...found, certificate: name });
  const anew = "Put it back, or delete the certificate with 'mbl-cli delete-certificate --local' and store it anew.";
  if (!liesInStore(folder, name)) {
    const says = `The name '${name}' leads out of the store.`;
    problem({ kind: 'name', says, next: `Take it off the list: mbl-cli delete-certificate --local '${name}'.` });
    return entry;
  }
  const there = await readdir(path).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fileError(error, path);
  });
  if (!there) {
    problem({
      kind: 'missing',
      says: `The folder of '${name}' is missing.`,
      next: `If a sync program is still at work, wait for it. ${anew}`,
    });
    return entry;
  }
  paths.set(name, there);
  const missing = files.filter((file) => !there.includes(file));
  if (missing.length > 0) {
    problem({
      kind: 'missing',
      says: `The certificate '${name}' lacks ${missing.join(', ')}.`,
      next: `If a sync program is still at work, wait for it. ${anew}`,
    });
  }
  for (const file of there.filter((found) => !files.includes(found) && !foreignFiles.test(found)).sort()) {
    const copy = conflictCopyOf(file, 'file', (original) => files.includes(original));
    if (copy) {
      const says = `${file} of '${name}' is a conflict copy of ${copy.original}.`;
      problem({ kind: 'conflict-copy', path: join(path, file), says });
    } else {
      problem({
        kind: 'extra',
        path: join(path, file),
        says: `${file} of '${name}' is not listed.`,
        next: 'Move it away if it is not meant to be here; the old mbl-cli would not send it either.',
      });
    }
  }
  if (missing.length === 0) await checkContent(folder, entry, files, now, problem, anew);
  return entry;
}

async function checkContent(
  folder: string,
  entry: Entry,
  files: readonly string[],
  now: Date,
  problem: (found: Omit<Problem, 'certificate' | 'path'>) => void,
  next: string,
): Promise<void> {
  const { name } = entry;
  try {
    const { kind, items } = await wholeCertificate(folder, name, files);
    entry.kind = kind;
    const item = (variable: string) => items.find((found) => found.name === variable)?.data;
    const endpoint = item('MBED_CLOUD_DEV_BOOTSTRAP_ENDPOINT_NAME');
    if (endpoint) entry.endpointName = Buffer.from(endpoint).toString('utf8');
    const der = item(kind === 'update' ? 'arm_uc_default_certificate' : 'MBED_CLOUD_DEV_BOOTSTRAP_DEVICE_CERTIFICATE');
    const certificate = parseCertificate(der ?? new Uint8Array());
    entry.notAfter = certificate.notAfter;
    const fingerprint = item('arm_uc_default_fingerprint');
    if (fingerprint?.length && Buffer.from(fingerprint).toString('hex') !== certificate.fingerprint) {
      problem({
        kind: 'damaged',
        says: `The fingerprint stored with '${name}' is that of another certificate.`,
        next,
      });
    }
    const day = (date: Date) => date.toISOString().slice(0, 10);
    if (certificate.notAfter < now) {
      const says = `The certificate '${name}' expired on ${day(certificate.notAfter)}.`;
      problem({ kind: 'expired', says, next: 'Make a new one under another name.' });
    } else if (certificate.notBefore > now) {
      const says = `The certificate '${name}' is valid from ${day(certificate.notBefore)} on only.`;
      problem({ kind: 'not-yet-valid', says, next: 'Check the clock of this machine.' });
    }
  } catch (error) {
    if (!isMooringError(error)) throw error;
    problem({ kind: 'damaged', says: error.message, next });
  }
}

/** Two names that one of the file systems a store travels over takes for one. */
function checkNames(names: readonly string[], folder: string, problems: Problem[]): void {
  const seen = new Map<string, string>();
  for (const name of names) {
    const plain = name.normalize('NFC').toLowerCase();
    const other = seen.get(plain);
    if (other === undefined) seen.set(plain, name);
    else {
      problems.push({
        kind: 'name',
        path: join(folder, name),
        certificate: name,
        says: `'${name}' and '${other}' differ in upper and lower case alone: on many systems they are one folder.`,
        next: 'Delete one of them and store it under another name.',
      });
    }
  }
}

/** The User Store: its list can be read, and the API key is for its owner alone. */
export async function checkUserStore(folder: string): Promise<Inspection> {
  const inspection: Inspection = { folder, exists: true, entries: [], problems: [] };
  const found = await stat(folder).catch(() => undefined);
  if (!found) return { ...inspection, exists: false };
  try {
    await readConfig(folder);
  } catch (error) {
    if (!isMooringError(error)) throw error;
    const path = configPath(folder);
    inspection.problems.push({ kind: 'list-malformed', path, says: error.message, next: error.next });
  }
  if (process.platform === 'win32') return inspection;
  for (const [path, mode] of [
    [folder, 0o700],
    [configPath(folder), 0o600],
  ] as const) {
    const open = await stat(path).then(
      (its) => (its.mode & 0o077) !== 0,
      () => false,
    );
    if (!open) continue;
    const says = `${path} is open to other users, and holds an API key; it should be ${mode.toString(8)}.`;
    inspection.problems.push({ kind: 'too-open', path, says });
  }
  return inspection;
}
