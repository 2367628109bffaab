import type { Failure, InstallState, PartPlan, Update } from './records.ts';

/** What a device sees of itself when a program starts. */
export interface BootFacts {
  /** Another one after each boot of the device. */
  readonly boot: string;
  /** Whether what this part brought is what runs: the root that is mounted, the agent that asks. Undefined: no telling. */
  isRunning(part: PartPlan): boolean | undefined;
  /** Whether the next start takes what this part brought. Undefined: no telling. */
  isChosen(part: PartPlan): boolean | undefined;
  /** Boots that the new software gets before the old one comes back. */
  readonly mostBoots: number;
}

export type Restart = 'agent' | 'device';

/** What is to be done next, decided by the journal and what the device sees of itself, and nothing else. */
export type NextStep =
  | { readonly do: 'nothing' }
  /** The old shall run again, for this reason. */
  | { readonly do: 'revert'; readonly failure: Failure }
  /** Choose the old again. Where the new still runs it has to be restarted before anything of it is taken away. */
  | { readonly do: 'go on reverting'; readonly restart?: Restart }
  | { readonly do: 'switch' }
  | { readonly do: 'restart'; readonly what: Restart }
  /** The new runs: see how it does. */
  | { readonly do: 'try'; readonly isNewBoot: boolean; readonly needsConfirmation: boolean }
  | { readonly do: 'clear away' };

/** What an update asks for to take effect: a restart of the device is one of the agent too. */
export function restartOf({ parts }: Pick<Update, 'parts'>): PartPlan['restart'] {
  if (parts.some(({ restart }) => restart === 'device')) return 'device';
  return parts.some(({ restart }) => restart === 'agent') ? 'agent' : 'none';
}

/** Whether the new runs now; parts that cannot be told apart run since the device was started anew. */
export function isNewRunning(update: Update, startedAnew: boolean, facts: BootFacts): boolean {
  const seen = update.parts.map((part) => facts.isRunning(part)).filter((one) => one !== undefined);
  return seen.length > 0 ? seen.every((one) => one) : startedAnew;
}

const notStarted: Failure = {
  code: 'update.not.started',
  message: 'The device came up with its old software: the bootloader did not start the new one, or gave it up.',
};

export function nextStep({ phase }: InstallState, facts: BootFacts): NextStep {
  switch (phase.name) {
    case 'idle':
      return { do: 'nothing' };
    case 'staging':
      return {
        do: 'revert',
        failure: { code: 'update.interrupted', message: 'The update was interrupted before anything had changed.' },
      };
    case 'switching':
      return { do: 'switch' };
    case 'committing':
      return { do: 'clear away' };
    case 'reverting': {
      const { update, boots } = phase;
      const restart = restartOf(update);
      const someRun = update.parts.some((part) => facts.isRunning(part));
      const runs = someRun || isNewRunning(update, boots.includes(facts.boot), facts);
      return { do: 'go on reverting', ...(restart !== 'none' && runs ? { restart } : {}) };
    }
    case 'trial':
      return trialStep(phase, facts);
  }
}

function trialStep({ update, boot, boots }: InstallState['phase'] & { name: 'trial' }, facts: BootFacts): NextStep {
  const restart = restartOf(update);
  if (restart === 'none') return { do: 'try', isNewBoot: false, needsConfirmation: false };
  if (!isNewRunning(update, facts.boot !== boot, facts)) {
    const isStillChosen = update.parts.every((part) => facts.isChosen(part) !== false);
    const hadNoChance = boots.length === 0 && facts.boot === boot;
    return isStillChosen && hadNoChance ? { do: 'restart', what: restart } : { do: 'revert', failure: notStarted };
  }
  const isNewBoot = !boots.includes(facts.boot);
  if (isNewBoot && boots.length >= facts.mostBoots) {
    const message = `The new software was started ${boots.length} times and did not reach its service.`;
    return { do: 'revert', failure: { code: 'update.not.confirmed', message } };
  }
  return { do: 'try', isNewBoot, needsConfirmation: true };
}
