import { isMooringError, MooringError } from '@mooring/platform';
import { type StoredCertificate, storedCertificate } from '../stores/stored-certificate.ts';
import type { TeamStore } from '../stores/team-store.ts';
import { alreadyThere, developerItems, isConflict, type Plan, type Service } from './plan.ts';
import { goOnCommand, type Request } from './request.ts';

/** What the devices are given, once it is there and stored. */
export interface Supplied {
  developer: StoredCertificate;
  /** Of the developer certificate in the service, where it was asked. */
  id?: string | undefined;
  update: StoredCertificate;
  /** What became of the update certificate in the Team Store. */
  stored: 'unchanged' | 'added' | 'replaced';
}

export interface SupplyWorld {
  team: TeamStore;
  service: Service;
  signal: AbortSignal;
  /** What `-v` shows. */
  remark(text: string): void;
}

/** How far it got, for the message of a failure. */
interface Progress {
  /** The service may have made CERT, or has. */
  created: 'no' | 'perhaps' | 'yes';
  developerStored: boolean;
  updateStored: boolean;
}

/** The certificates of a plan: made and stored when the first device is ready for them, and not again for others. */
export class Supply {
  readonly #request: Request;
  readonly #plan: Plan;
  readonly #world: SupplyWorld;
  readonly #progress: Progress;
  #obtained: Promise<Supplied> | undefined;

  constructor(request: Request, plan: Plan, world: SupplyWorld) {
    this.#request = request;
    this.#plan = plan;
    this.#world = world;
    this.#progress = {
      created: 'no',
      developerStored: plan.developer.from === 'store',
      updateStored: plan.update.from === 'store',
    };
  }

  /** Why they could not be had: then no device can be provisioned. */
  failure: unknown;

  obtain(): Promise<Supplied> {
    this.#obtained ??= this.#obtain().catch((error: unknown) => {
      this.failure = error;
      throw error;
    });
    return this.#obtained;
  }

  async #obtain(): Promise<Supplied> {
    const { update } = this.#plan;
    const { developer, id } = await this.#obtainDeveloper();
    return { developer, id, update: update.certificate, stored: await this.#storeBoth(developer) };
  }

  async #obtainDeveloper(): Promise<{ developer: StoredCertificate; id?: string }> {
    const { developer } = this.#plan;
    if (developer.from === 'store') return { developer: developer.certificate };
    if (developer.from === 'service') return { developer: developer.certificate, id: developer.id };
    const { service, signal, remark } = this.#world;
    const { developer: name } = this.#request;
    signal.throwIfAborted();
    remark(`Having the service make the developer certificate '${name}'.`);
    this.#progress.created = 'perhaps';
    const { id, source } = await service.create(name).catch((error: unknown) => {
      if (!isConflict(error)) throw error;
      this.#progress.created = 'no';
      throw alreadyThere(this.#request);
    });
    this.#progress.created = 'yes';
    return { id, developer: storedCertificate(name, developerItems(source, name)) };
  }

  /** The update certificate first, as the old tool's list has them. */
  async #storeBoth(made: StoredCertificate): Promise<Supplied['stored']> {
    const { update, developer } = this.#plan;
    const { team } = this.#world;
    const stored =
      update.from === 'file' ? await team.put(update.certificate.name, update.certificate.items, true) : 'unchanged';
    this.#progress.updateStored = true;
    if (developer.from !== 'store') await team.put(made.name, made.items, false);
    this.#progress.developerStored = true;
    return stored;
  }

  /** Adds to a failure what was made before it and the command that goes on from there. */
  withWayOn(error: unknown): unknown {
    const { created, developerStored, updateStored } = this.#progress;
    if (!isMooringError(error) || created === 'no') return error;
    // The service refused for a reason of its own: nothing was made.
    if (created === 'perhaps' && typeof error.data?.status === 'number' && error.data.status < 500) return error;
    const { developer: name } = this.#request;
    const goOn = goOnCommand(this.#request, { withFile: !updateStored });
    const said = {
      yes: developerStored
        ? `The developer certificate '${name}' was made; it is in the service and in the Team Store. Go on with:`
        : `The developer certificate '${name}' was made and is in the service. Go on with:`,
      perhaps: `The service may have made the developer certificate '${name}' nevertheless. If so, go on with:`,
    }[created];
    return new MooringError(error.code, {
      message: error.message,
      next: [error.next, said, `  ${goOn}`].filter(Boolean).join('\n'),
      cause: error,
      data: { ...error.data, created: created === 'yes', goOn },
      ...(error.exitCode === undefined ? {} : { exitCode: error.exitCode }),
    });
  }
}
