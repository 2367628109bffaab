import type { Software } from '../software.ts';

/** What an update changes in one place, with all that it takes to undo or finish it; plain data, for the journal. */
export interface PartPlan {
  /** Type of the image: `ROOTFSv4`. By it the installer finds who made the plan. */
  readonly type: string;
  /** What has to happen before the new runs. */
  readonly restart: 'none' | 'agent' | 'device';
  readonly [detail: string]: unknown;
}

export interface Update {
  readonly software: Software;
  /** Who asked for it. */
  readonly source: 'local' | 'service';
  readonly parts: readonly PartPlan[];
}

export interface Failure {
  /** Of the error: `update.space`. */
  readonly code: string;
  readonly message: string;
}

/** What became of the last update. */
export interface Outcome {
  readonly software: Software;
  readonly source: Update['source'];
  readonly failure?: Failure;
  /** Whoever asked for it knows. */
  readonly reported: boolean;
}

export type Phase =
  /** Nothing is on its way. */
  | { readonly name: 'idle' }
  /** The new is being put beside the old, which nothing notices. */
  | { readonly name: 'staging'; readonly update: Update }
  /** All is there and verified; from now on the new shall run. */
  | { readonly name: 'switching'; readonly update: Update }
  /** The new has its chance; the old is still there. */
  | {
      readonly name: 'trial';
      readonly update: Update;
      /** The boot in which it was switched. */
      readonly boot: string;
      /** Boots of the new since then. */
      readonly boots: readonly string[];
    }
  /** The new is there to stay; the old is being cleared away. */
  | { readonly name: 'committing'; readonly update: Update }
  /** The old shall run again. */
  | {
      readonly name: 'reverting';
      readonly update: Update;
      readonly failure: Failure;
      /** Something may have been switched; before that, what was staged may lie there in part. */
      readonly switched: boolean;
      /** Boots in which the new ran. */
      readonly boots: readonly string[];
    };

/** What is known of a device's software from its journal alone. */
export interface InstallState {
  /** What the device runs, trials left aside. */
  readonly running: Software | undefined;
  readonly phase: Phase;
  readonly last: Outcome | undefined;
}

export type JournalRecord =
  | { readonly type: 'running'; readonly software: Software; readonly last: Outcome | undefined }
  | { readonly type: 'staging'; readonly update: Update }
  | { readonly type: 'switching' }
  | { readonly type: 'trial'; readonly boot: string }
  | { readonly type: 'booted'; readonly boot: string }
  | { readonly type: 'committed' }
  | { readonly type: 'reverting'; readonly failure: Failure }
  /** An update that failed before anything was staged. */
  | {
      readonly type: 'failed';
      readonly software: Software;
      readonly source: Update['source'];
      readonly failure: Failure;
    }
  /** All is cleared away, after a commit or a return to the old. */
  | { readonly type: 'ended' }
  | { readonly type: 'reported' };

export const emptyState: InstallState = { running: undefined, phase: { name: 'idle' }, last: undefined };

/** The state after a record; the state itself where the record makes no sense in it. */
export function applyRecord(state: InstallState, record: JournalRecord): InstallState {
  const { phase } = state;
  switch (record.type) {
    case 'running':
      return { running: record.software, phase: { name: 'idle' }, last: record.last };
    case 'staging':
      return phase.name === 'idle' ? { ...state, phase: { name: 'staging', update: record.update } } : state;
    case 'switching':
      return phase.name === 'staging' ? { ...state, phase: { name: 'switching', update: phase.update } } : state;
    case 'trial':
      if (phase.name !== 'switching') return state;
      return { ...state, phase: { name: 'trial', update: phase.update, boot: record.boot, boots: [] } };
    case 'booted':
      if (phase.name !== 'trial') return state;
      return { ...state, phase: { ...phase, boots: [...phase.boots, record.boot] } };
    case 'committed': {
      if (phase.name !== 'trial') return state;
      const { update } = phase;
      return { running: update.software, phase: { name: 'committing', update }, last: outcomeOf(update) };
    }
    case 'reverting':
      if (phase.name === 'idle' || phase.name === 'committing' || phase.name === 'reverting') return state;
      return {
        ...state,
        phase: {
          name: 'reverting',
          update: phase.update,
          failure: record.failure,
          switched: phase.name !== 'staging',
          boots: phase.name === 'trial' ? phase.boots : [],
        },
      };
    case 'failed':
      if (phase.name !== 'idle') return state;
      return {
        ...state,
        last: { software: record.software, source: record.source, failure: record.failure, reported: false },
      };
    case 'ended':
      if (phase.name === 'committing') return { ...state, phase: { name: 'idle' } };
      if (phase.name !== 'reverting') return state;
      return { ...state, phase: { name: 'idle' }, last: outcomeOf(phase.update, phase.failure) };
    case 'reported':
      return state.last ? { ...state, last: { ...state.last, reported: true } } : state;
  }
}

const outcomeOf = ({ software, source }: Update, failure?: Failure): Outcome => ({
  software,
  source,
  ...(failure === undefined ? {} : { failure }),
  reported: false,
});
