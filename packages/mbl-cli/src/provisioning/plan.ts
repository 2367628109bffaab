import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type BinItem, readDeveloperCredentials, readUpdateResources } from '@mooring/credentials';
import { fileError, isMooringError, MooringError } from '@mooring/platform';
import { certificateExists, type DeveloperSource } from '../cloud/certificates.ts';
import { storeErrors } from '../errors.ts';
import { type StoredCertificate, sameItems, storedCertificate } from '../stores/stored-certificate.ts';
import type { TeamStore } from '../stores/team-store.ts';
import { checkCertificate } from './completeness.ts';
import type { DeviceCertificates } from './own-key.ts';
import { checkNames, goOnCommand, type Request } from './request.ts';

/** What the service is asked; a client is made when the first question comes. */
export interface Service {
  /** True if the account has a certificate of this name, of whatever kind. */
  exists(name: string): Promise<boolean>;
  fetch(name: string): Promise<DeveloperSource>;
  create(name: string): Promise<DeveloperSource>;
  readonly deviceCertificates: DeviceCertificates & { find(endpointName: string): Promise<string | undefined> };
}

export interface UpdatePart {
  certificate: StoredCertificate;
  /** `file` has to be stored. */
  from: 'file' | 'store';
  /** The store has the name with other content. */
  replaces: boolean;
}

export type DeveloperPart =
  | { from: 'create' }
  | { from: 'store'; certificate: StoredCertificate }
  | { from: 'service'; certificate: StoredCertificate; id: string };

export interface Plan {
  update: UpdatePart;
  developer: DeveloperPart;
}

export interface PlanWorld {
  team: TeamStore;
  service: Service;
  cwd: string;
  /** Called before the service is searched for CERT. */
  announce(): void;
  /** True if an earlier run made these and was not ended: then `-c` goes on with them. */
  wasBegun?(developer: StoredCertificate, update: StoredCertificate): boolean;
}

/**
 * Finds out what has to be done, and everything that can be wrong, while nothing has been changed anywhere.
 */
export async function makePlan(request: Request, world: PlanWorld): Promise<Plan> {
  checkNames(request);
  const update = await planUpdate(request, world.team, world.cwd);
  const developer = await planDeveloper(request, update.certificate, world);
  return { update, developer };
}

async function planUpdate({ update: name, updateFile }: Request, team: TeamStore, cwd: string): Promise<UpdatePart> {
  if (updateFile === undefined) {
    const stored = await team.find(name);
    if (!stored) {
      throw storeErrors('store.certificate.unknown', {
        message: `Certificate '${name}' not found in the store.`,
        next: "Give the file that manifest-tool made: '-p update_default_resources.c'. 'mbl-cli list-certificates' shows the names.",
        data: { name },
      });
    }
    checkCertificate(stored, 'update');
    return { certificate: stored, from: 'store', replaces: false };
  }
  const path = resolve(cwd, updateFile);
  const source = await readFile(path, 'utf8').catch((error: unknown) => {
    throw fileError(error, path);
  });
  const { items } = readUpdateResources(source, updateFile);
  const certificate = storedCertificate(name, items);
  checkCertificate(certificate, 'update', "Make the file with 'manifest-tool init', without a pre-shared key.");
  const current = await team.find(name).catch(() => undefined);
  if (current?.kind === 'developer') {
    throw storeErrors('store.name.taken', {
      message: `'${name}' is the name of a developer certificate in the Team Store, which '-p' would overwrite.`,
      next: 'Give the update certificate another name.',
      data: { name },
    });
  }
  const taken = (await team.names()).includes(name);
  if (current && sameItems(current.items, items)) return { certificate: current, from: 'store', replaces: false };
  return { certificate, from: 'file', replaces: taken };
}

async function planDeveloper(
  request: Request,
  update: StoredCertificate,
  { team, service, announce, wasBegun }: PlanWorld,
): Promise<DeveloperPart> {
  const { developer: name, create } = request;
  const known = (await team.names()).includes(name);
  if (create) {
    if (await service.exists(name)) {
      const made = known && wasBegun ? await team.find(name) : undefined;
      if (made && wasBegun?.(made, update)) return { from: 'store', certificate: made };
      throw alreadyThere(request);
    }
    if (known) {
      throw storeErrors('store.name.taken', {
        message: `The Team Store has a certificate named '${name}', which is not in this account of the service.`,
        next: `Give the new one another name, or delete the old one with 'mbl-cli delete-certificate --local'. To use the old one: ${goOnCommand(request, { withFile: true })}`,
        data: { name },
      });
    }
    return { from: 'create' };
  }
  const stored = known ? await team.find(name) : undefined;
  if (stored) {
    checkCertificate(stored, 'developer');
    return { from: 'store', certificate: stored };
  }
  announce();
  const { id, source } = await service.fetch(name);
  return { from: 'service', id, certificate: storedCertificate(name, developerItems(source, name)) };
}

/** @throws MooringError `credentials.*` */
export function developerItems(source: string, name: string): BinItem[] {
  return readDeveloperCredentials(source, `the developer certificate '${name}' of the service`).items;
}

export function alreadyThere(request: Request): MooringError {
  const { code, message, data } = certificateExists(request.developer);
  return new MooringError(code, {
    message,
    next: `To use it, leave out '-c': ${goOnCommand(request, { withFile: true })}`,
    ...(data ? { data } : {}),
  });
}

export const isConflict = (error: unknown): boolean =>
  isMooringError(error) && error.code === 'cloud.certificate.exists';
