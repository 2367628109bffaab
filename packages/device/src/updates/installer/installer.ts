import { fileError, isMooringError, type RandomAccess } from '@mooring/platform';
import type { Disk } from '../disk.ts';
import { updateErrors } from '../errors.ts';
import { Journal } from '../journal/journal.ts';
import type { Failure, InstallState, Outcome, PartPlan, Phase, Update } from '../journal/records.ts';
import { type BootFacts, isNewRunning, type NextStep, nextStep, type Restart, restartOf } from '../journal/recovery.ts';
import type { PartHandler, Space } from '../parts/part-handler.ts';
import { type Swupdate, type SwupdatePlan, swupdateType } from '../parts/swupdate.ts';
import type { Software } from '../software.ts';
import { handlerOf, inspectPayloads, stagePayloads, UnknownImages } from './inspect-payload.ts';

export interface InstallerWorld {
  readonly disk: Disk;
  /** Path of the journal. */
  readonly journal: string;
  /** In the order in which parts are switched; the choice of a root comes last. */
  readonly handlers: readonly PartHandler[];
  readonly swupdate?: Swupdate;
  /** SWUpdate installs everything, and not only what nothing else here knows. */
  readonly swupdateForAll?: boolean;
  /** Revision of this board. */
  readonly hardware: string | undefined;
  /** Changes with every boot of the device. */
  readonly boot: string;
  readonly mostBoots?: number;
  /** What ran before the journal began. */
  firstSoftware(): Promise<Software | undefined>;
  /** Told what the device runs, after each update and at each start. */
  runs?(software: Software): Promise<void>;
}

export interface InstallRequest {
  /** One, or several that are one update (a combined package). */
  readonly payloads: readonly RandomAccess[];
  /** Path of the payload, for an installer that reads files; stays until the update has ended. */
  readonly file?: string;
  readonly software: Software;
  readonly source: Update['source'];
}

/** What has to be done for an update to go on: nothing where it has ended. */
export type Pending = Restart | 'confirmation' | 'nothing';

const usualMostBoots = 3;
/** More than what is counted is used: names, folders, the journal. */
const reserve = 1024 * 1024;

/**
 * Installs updates: all parts or none, the new beside the old, step by step in a journal. Whatever ends it, a later
 * `recover` finds the device with its old or its new software, knows which, and what became of the update.
 */
export class Installer {
  readonly #world: InstallerWorld;
  readonly #journal: Journal;

  private constructor(world: InstallerWorld, journal: Journal) {
    this.#world = world;
    this.#journal = journal;
  }

  static async open(world: InstallerWorld): Promise<Installer> {
    const journal = await Journal.open(world.disk, world.journal);
    if (journal.state.running === undefined && journal.state.phase.name === 'idle') {
      const software = await world.firstSoftware();
      if (software) await journal.add({ type: 'running', software, last: journal.state.last });
    }
    return new Installer(world, journal);
  }

  get state(): InstallState {
    return this.#journal.state;
  }

  get lastOutcome(): Outcome | undefined {
    return this.state.last;
  }

  /** What runs on this device right now, software on trial included. */
  async running(): Promise<Software | undefined> {
    const { running, phase } = this.state;
    if (phase.name !== 'trial') return running;
    const facts = await this.#facts(phase.update);
    return isNewRunning(phase.update, phase.boots.includes(facts.boot), facts) ? phase.update.software : running;
  }

  /**
   * Installs, up to where a restart is needed, or to the end.
   *
   * @throws MooringError with the reason where it failed; the old software runs on
   */
  async install(request: InstallRequest): Promise<Pending> {
    if (this.state.phase.name !== 'idle') {
      throw updateErrors('update.busy', {
        message: 'An update is on its way already.',
        next: 'Let it end; after a restart that it waits for, if it does.',
      });
    }
    const { software, source } = request;
    let parts: readonly PartPlan[];
    try {
      parts = await this.#plan(request);
    } catch (error) {
      await this.#journal.add({ type: 'failed', software, source, failure: failureOf(error) });
      throw error;
    }
    await this.#journal.add({ type: 'staging', update: { software, source, parts } });
    try {
      if (!isForSwupdate(parts)) await stagePayloads(request.payloads, this.#world, parts);
      await this.#journal.add({ type: 'switching' });
      return await this.#switch();
    } catch (error) {
      if (!this.#isIn('staging', 'switching')) throw error;
      throw await this.#revertFor(error);
    }
  }

  /** Goes on where a restart or a power cut left off; to be called once at every start, before anything else. */
  async recover(): Promise<Pending> {
    const pending = await this.#goOn();
    const running = await this.running();
    if (running) await this.#world.runs?.(running);
    return pending;
  }

  /** The new software has proved good. Nothing where none is on trial. */
  async confirm(): Promise<void> {
    const { phase } = this.state;
    if (phase.name !== 'trial') return;
    const facts = await this.#facts(phase.update);
    if (!isNewRunning(phase.update, phase.boots.includes(facts.boot), facts)) return;
    await this.#commit();
  }

  /** The new software is no good: the old one comes back, by a restart where that is needed. */
  async giveUp(failure: Failure): Promise<Pending> {
    if (this.state.phase.name !== 'trial') return 'nothing';
    await this.#journal.add({ type: 'reverting', failure });
    return this.#goOn();
  }

  /** Whoever asked for the last update knows what became of it. */
  async reported(): Promise<void> {
    if (this.state.last && !this.state.last.reported) await this.#journal.add({ type: 'reported' });
  }

  async #goOn(): Promise<Pending> {
    const { phase } = this.state;
    const step: NextStep =
      phase.name === 'idle' ? { do: 'nothing' } : nextStep(this.state, await this.#facts(phase.update));
    switch (step.do) {
      case 'nothing':
        return 'nothing';
      case 'restart':
        return step.what;
      case 'switch':
        try {
          return await this.#switch();
        } catch (error) {
          if (!this.#isIn('switching')) throw error;
          await this.#revertFor(error);
          return this.#pendingRevert();
        }
      case 'clear away':
        await this.#clear();
        return 'nothing';
      case 'try':
        return this.#try(step.isNewBoot, step.needsConfirmation);
      case 'revert':
        await this.#journal.add({ type: 'reverting', failure: step.failure });
        return this.#goOn();
      case 'go on reverting':
        return this.#revert(step.restart);
    }
  }

  #isIn(...names: readonly Phase['name'][]): boolean {
    return names.includes(this.state.phase.name);
  }

  async #facts({ parts }: Update): Promise<BootFacts> {
    const told = new Map<PartPlan, { running: boolean | undefined; chosen: boolean | undefined }>();
    for (const part of parts) {
      const handler = this.#handler(part);
      told.set(part, { running: await handler?.isRunning?.(part), chosen: await handler?.isChosen?.(part) });
    }
    const { boot, mostBoots = usualMostBoots } = this.#world;
    return {
      boot,
      mostBoots,
      isRunning: (part) => told.get(part)?.running,
      isChosen: (part) => told.get(part)?.chosen,
    };
  }

  #handler({ type }: PartPlan): PartHandler | undefined {
    return handlerOf(this.#world.handlers, type);
  }

  /** In the order of the handlers. */
  *#parts(update: Update): Generator<[PartHandler, PartPlan]> {
    for (const handler of this.#world.handlers) {
      for (const part of update.parts)
        if (handlerOf(this.#world.handlers, part.type) === handler) yield [handler, part];
    }
  }

  async #plan({ payloads, file }: InstallRequest): Promise<readonly PartPlan[]> {
    const { swupdate, swupdateForAll } = this.#world;
    const bySwupdate = async () => [await (swupdate as Swupdate).inspect(file as string)];
    const isUsable = swupdate !== undefined && file !== undefined && payloads.length === 1;
    if (swupdateForAll && isUsable && (await swupdate.isThere())) return bySwupdate();
    try {
      const { plans, space } = await inspectPayloads(payloads, this.#world);
      if (plans.some(({ restart }) => restart === 'agent') && plans.some(({ restart }) => restart === 'device')) {
        throw updateErrors('update.payload.unfit', {
          message: 'The payload has an agent beside parts of the operating system, which brings its own.',
          next: 'Update the one, then the other.',
        });
      }
      await this.#checkSpace(space);
      return plans;
    } catch (error) {
      if (!(error instanceof UnknownImages)) throw error;
      if (isUsable && (await swupdate.isThere())) return bySwupdate();
      throw updateErrors('update.payload.unknown', {
        message: `Nothing on this device installs images of the type ${error.types.join(', ')}.`,
        next: 'Check that the payload is for this device; other kinds are installed by plugins, or by SWUpdate.',
        data: { types: error.types },
      });
    }
  }

  async #checkSpace(space: readonly Space[]): Promise<void> {
    const needed = new Map<string, number>();
    for (const { path, bytes } of space) needed.set(path, (needed.get(path) ?? 0) + bytes);
    for (const [path, bytes] of needed) {
      const free = await this.#world.disk.free(path);
      if (free >= bytes + reserve) continue;
      throw updateErrors('update.space', {
        message: `The update needs ${bytes + reserve} bytes in ${path}, and ${free} are free.`,
        next: 'Free some space; nothing was changed.',
        data: { path, needed: bytes + reserve, free },
      });
    }
  }

  async #switch(): Promise<Pending> {
    const { phase } = this.state;
    if (phase.name !== 'switching') throw new Error('Nothing is to be switched.');
    const { update } = phase;
    for (const [handler, part] of this.#parts(update)) await handler.switch(part);
    const [whole] = update.parts;
    if (whole && isForSwupdate(update.parts)) await this.#world.swupdate?.install(whole as SwupdatePlan);
    await this.#journal.add({ type: 'trial', boot: this.#world.boot });
    return this.#goOn();
  }

  async #try(isNewBoot: boolean, needsConfirmation: boolean): Promise<Pending> {
    const { phase } = this.state;
    if (phase.name !== 'trial') return 'nothing';
    if (needsConfirmation && isNewBoot) await this.#journal.add({ type: 'booted', boot: this.#world.boot });
    try {
      if (isNewBoot || !needsConfirmation) {
        for (const [handler, part] of this.#parts(phase.update)) await handler.start(part);
      }
    } catch (error) {
      if (needsConfirmation) return this.giveUp(failureOf(error));
      throw await this.#revertFor(error);
    }
    if (needsConfirmation) return 'confirmation';
    await this.#commit();
    return 'nothing';
  }

  async #commit(): Promise<void> {
    await this.#journal.add({ type: 'committed' });
    await this.#clear();
  }

  async #clear(): Promise<void> {
    const { phase, running } = this.state;
    if (phase.name !== 'committing') return;
    for (const [handler, part] of this.#parts(phase.update)) await handler.clear(part);
    if (running) await this.#world.runs?.(running);
    await this.#journal.add({ type: 'ended' });
  }

  /** Records why, and goes back as far as can be gone now. Gives the error that whoever asked should see. */
  async #revertFor(error: unknown): Promise<unknown> {
    await this.#journal.add({ type: 'reverting', failure: failureOf(error) });
    try {
      await this.#goOn();
    } catch (later) {
      // What cannot be put back now, on a disk that is full, is put back at the next start. The first error says why.
      if (!isMooringError(expected(later))) throw later;
    }
    return expected(error);
  }

  async #pendingRevert(): Promise<Pending> {
    return this.state.phase.name === 'idle' ? 'nothing' : restartPending(this.state);
  }

  async #revert(restart: Restart | undefined): Promise<Pending> {
    const { phase } = this.state;
    if (phase.name !== 'reverting') return 'nothing';
    const parts = [...this.#parts(phase.update)].reverse();
    if (phase.switched) for (const [handler, part] of parts) await handler.unswitch(part);
    if (restart !== undefined) return restart;
    for (const [handler, part] of parts) await handler.discard(part);
    await this.#journal.add({ type: 'ended' });
    return 'nothing';
  }
}

function restartPending({ phase }: InstallState): Pending {
  if (phase.name === 'idle') return 'nothing';
  const restart = restartOf(phase.update);
  return restart === 'none' ? 'nothing' : restart;
}

const isForSwupdate = (parts: readonly PartPlan[]): boolean => parts.some(({ type }) => type === swupdateType);

/** A failed system call in words. */
const expected = (error: unknown): unknown =>
  fileError(error, (error as NodeJS.ErrnoException | undefined)?.path ?? 'The disk of the device');

function failureOf(error: unknown): Failure {
  const known = expected(error);
  if (isMooringError(known)) return { code: known.code, message: known.message };
  return { code: 'update.write', message: known instanceof Error ? known.message : String(known) };
}
