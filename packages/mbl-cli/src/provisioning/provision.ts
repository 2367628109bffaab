import { isMooringError, MooringError } from '@mooring/platform';
import { interrupted } from '../interrupted.ts';
import type { Connection } from '../ssh/connection.ts';
import { describeTarget } from '../ssh/target.ts';
import { type StoredCertificate, storedCertificate } from '../stores/stored-certificate.ts';
import type { TeamStore } from '../stores/team-store.ts';
import { type EarlierClient, findEarlierClient } from './earlier-client.ts';
import { checkProgram, provision } from './on-device.ts';
import { alreadyThere, developerItems, isConflict, type Plan, type Service } from './plan.ts';
import { goOnCommand, type Request } from './request.ts';
import { makeFolder, removeFolder, transfer, type UploadFolder } from './upload-folder.ts';

export interface World {
  team: TeamStore;
  service: Service;
  connection: Connection;
  /** Runs something over a connection of its own, for when the first one broke. */
  anew<T>(work: (connection: Connection) => Promise<T>): Promise<T>;
  signal: AbortSignal;
  onStdout(chunk: Buffer): void;
  onStderr(chunk: Buffer): void;
  warn(text: string): void;
  /** Whether what the earlier client has is to be wiped. */
  wipe(earlier: EarlierClient): Promise<boolean>;
  /** What `-v` shows. */
  remark(text: string): void;
}

export interface Provisioned {
  developer: { name: string; id?: string | undefined; from: 'create' | 'store' | 'service' };
  update: { name: string; stored: 'unchanged' | 'added' | 'replaced' };
  /** What the program on the device wrote. */
  output: string;
  /** What MBL's own client had on the device, if it ever ran there. */
  earlierClient?: EarlierClient & { wiped: boolean };
  /** False if the certificates may still lie in the device's folder. */
  cleaned: boolean;
}

/** How far it got, for the message of a failure. */
interface Progress {
  /** The service may have made CERT, or has. */
  created: 'no' | 'perhaps' | 'yes';
  developerStored: boolean;
  updateStored: boolean;
}

/**
 * Carries a plan out on the connected device. What can fail for reasons of the device is tried before the service is
 * asked to make a certificate; a certificate that was made is kept, and every failure after it says how to go on.
 */
export async function carryOut(request: Request, plan: Plan, world: World): Promise<Provisioned> {
  const progress: Progress = {
    created: 'no',
    developerStored: plan.developer.from === 'store',
    updateStored: plan.update.from === 'store',
  };
  try {
    return await steps(request, plan, world, progress);
  } catch (error) {
    throw withWayOn(world.signal.aborted ? interrupted() : error, request, progress);
  }
}

async function steps(request: Request, plan: Plan, world: World, progress: Progress): Promise<Provisioned> {
  const { connection, signal } = world;
  await checkProgram(connection, signal);
  const earlier = await findEarlierClient(connection, signal);
  const wiped = earlier !== undefined && (await world.wipe(earlier));
  let cleaned = false;
  let folder: UploadFolder | undefined;
  let result: Omit<Provisioned, 'cleaned'>;
  try {
    folder = await makeFolder(connection, signal);
    world.remark('The device is ready.');
    const made = await obtainDeveloper(request, plan, world, progress);
    const stored = await storeBoth(plan, made.certificate, world.team, progress);
    const items = [...made.certificate.items, ...plan.update.certificate.items];
    world.remark(`Copying ${items.length} files to the device.`);
    await transfer(connection, items, signal);
    world.remark('Starting the provisioning program on the device.');
    const { onStdout, onStderr } = world;
    const { stdout } = await provision(connection, { signal, onStdout, onStderr }, wiped ? earlier.folder : undefined);
    result = {
      developer: { name: request.developer, id: made.id, from: plan.developer.from },
      update: { name: request.update, stored },
      output: stdout.toString('utf8'),
      ...(earlier && { earlierClient: { ...earlier, wiped } }),
    };
  } finally {
    cleaned =
      (await (folder?.remove() ?? removeFolder(connection))) || (await world.anew(removeFolder).catch(() => false));
    if (!cleaned) {
      world.warn(
        `Warning: the certificates could not be removed from ${describeTarget(connection.target)}. Remove /scratch/provisioning-certs there: it holds a private key.`,
      );
    }
  }
  return { ...result, cleaned };
}

async function obtainDeveloper(
  request: Request,
  { developer }: Plan,
  world: World,
  progress: Progress,
): Promise<{ certificate: StoredCertificate; id?: string }> {
  if (developer.from !== 'create') return developer;
  const { service, signal } = world;
  signal.throwIfAborted();
  world.remark(`Having the service make the developer certificate '${request.developer}'.`);
  progress.created = 'perhaps';
  const { id, source } = await service.create(request.developer).catch((error: unknown) => {
    if (!isConflict(error)) throw error;
    progress.created = 'no';
    throw alreadyThere(request);
  });
  progress.created = 'yes';
  return { id, certificate: storedCertificate(request.developer, developerItems(source, request.developer)) };
}

/** The update certificate first, as the old tool's list has them. */
async function storeBoth(
  { update, developer }: Plan,
  made: StoredCertificate,
  team: TeamStore,
  progress: Progress,
): Promise<'unchanged' | 'added' | 'replaced'> {
  const stored =
    update.from === 'file' ? await team.put(update.certificate.name, update.certificate.items, true) : 'unchanged';
  progress.updateStored = true;
  if (developer.from !== 'store') await team.put(made.name, made.items, false);
  progress.developerStored = true;
  return stored;
}

/** Adds to a failure what was made before it and the command that goes on from there. */
function withWayOn(error: unknown, request: Request, progress: Progress): unknown {
  if (!isMooringError(error) || progress.created === 'no') return error;
  // The service refused for a reason of its own: nothing was made.
  if (progress.created === 'perhaps' && typeof error.data?.status === 'number' && error.data.status < 500) return error;
  const goOn = goOnCommand(request, { withFile: !progress.updateStored });
  const said = {
    yes: progress.developerStored
      ? `The developer certificate '${request.developer}' was made; it is in the service and in the Team Store. Go on with:`
      : `The developer certificate '${request.developer}' was made and is in the service. Go on with:`,
    perhaps: `The service may have made the developer certificate '${request.developer}' nevertheless. If so, go on with:`,
  }[progress.created];
  return new MooringError(error.code, {
    message: error.message,
    next: [error.next, said, `  ${goOn}`].filter(Boolean).join('\n'),
    cause: error,
    data: { ...error.data, created: progress.created === 'yes', goOn },
    ...(error.exitCode === undefined ? {} : { exitCode: error.exitCode }),
  });
}
