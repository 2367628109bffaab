import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isMooringError } from '@mooring/platform';
import { type RestClient, type Surroundings, sdkSettings } from '@mooring/rest';
import { itemOf } from '../doctor/certificate-rungs.ts';
import { commandLine } from '../ssh/quote.ts';
import type { StoredCertificate } from '../stores/stored-certificate.ts';
import type { TeamStore } from '../stores/team-store.ts';
import type { SavedKey } from '../stores/user-store.ts';

/** One thing that a user of the old tools has. */
export interface Belonging {
  what: string;
  /** `goes on`: as it is; `anew`: has to be made anew; `change`: a setting that still leads to the old service. */
  state: 'goes on' | 'anew' | 'change';
  says: string;
  /** A command, or what to do. */
  next?: string;
}

export interface InventoryWorld extends Surroundings {
  team: TeamStore;
  key: SavedKey | undefined;
  /** Undefined where no service is saved, or it cannot be asked. */
  client: RestClient | undefined;
}

/** What there is in home and current folder, and what becomes of it with this service. */
export async function inventory(world: InventoryWorld): Promise<Belonging[]> {
  const uri = await world.client?.serverCredentials.all().then(({ bootstrap }) => bootstrap.url);
  return [
    apiKey(world),
    ...(await certificates(world.team, uri)),
    ...(await sdkHost(world)),
    ...(await manifestTool(world.cwd)),
    ...(await selectedDevice(world.home)),
  ];
}

function apiKey({ key, client }: InventoryWorld): Belonging {
  const what = 'API key';
  if (key?.service && client) return { what, state: 'goes on', says: `it is of ${key.service.url}` };
  const says = key ? 'it is of the old service: the old tool saved no address with it' : 'there is none';
  return { what, state: 'anew', says, next: 'mbl-cli save-api-key KEY --service URL' };
}

async function certificates(team: TeamStore, uri: string | undefined): Promise<Belonging[]> {
  const names = await team.names().catch((error: unknown) => {
    // No store was ever made.
    if (isMooringError(error) && ['file.not.found', 'store.gone'].includes(error.code)) return [];
    throw error;
  });
  return Promise.all(
    names.map(async (name) => {
      const stored = await team.look(name).catch(() => undefined);
      return certificate(name, stored, uri);
    }),
  );
}

function certificate(name: string, stored: StoredCertificate | undefined, uri: string | undefined): Belonging {
  const what = `certificate '${name}'`;
  if (!stored || stored.kind === 'unknown') {
    return { what, state: 'anew', says: 'it is not whole', next: 'mbl-cli store check' };
  }
  if (stored.kind === 'update') {
    return { what, state: 'goes on', says: 'an update certificate: devices go on to trust its firmware' };
  }
  const theirs = itemOf(stored, 'MBED_CLOUD_DEV_BOOTSTRAP_SERVER_URI').toString('utf8');
  if (theirs === uri) return { what, state: 'goes on', says: 'a developer certificate of this service' };
  const says = `a developer certificate that sends devices to ${theirs || 'nowhere'}`;
  if (uri === undefined) return { what, state: 'anew', says, next: 'save an API key first, then look again' };
  const replace = [
    commandLine(['mbl-cli', 'delete-certificate', '--local', name]),
    commandLine(['mbl-cli', 'provision-pelion', name, 'UPDATE-CERT', '-c']),
  ];
  return { what, state: 'anew', says, next: replace.join(', then ') };
}

async function sdkHost(world: InventoryWorld): Promise<Belonging[]> {
  const { host } = await sdkSettings(world);
  if (!host) return [];
  const what = `SDK setting in ${host.from}`;
  const same = world.key?.service?.url.replace(/\/+$/, '') === host.value.replace(/\/+$/, '');
  if (same) return [{ what, state: 'goes on', says: `it leads to ${host.value}` }];
  const says = `programs with an SDK go to ${host.value}`;
  return [{ what, state: 'change', says, next: 'set host and API key to those of this service' }];
}

/** What manifest-tool keeps beside the firmware. */
const manifestFiles = [
  '.manifest_tool.json',
  '.update-certificates',
  '.manifest-dev-tool',
  'update_default_resources.c',
];

async function manifestTool(cwd: string): Promise<Belonging[]> {
  const there = await present(cwd, manifestFiles);
  if (there.length === 0) return [];
  return [{ what: there.join(', '), state: 'goes on', says: 'manifest-tool reads and writes them as before' }];
}

async function selectedDevice(home: string): Promise<Belonging[]> {
  const there = await present(home, ['.mbl-dev.json']);
  return there.map((file) => ({ what: `~/${file}`, state: 'goes on', says: 'the selected device' }));
}

async function present(folder: string, names: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        () => name,
        () => undefined,
      ),
    ),
  );
  return found.filter((name) => name !== undefined);
}
