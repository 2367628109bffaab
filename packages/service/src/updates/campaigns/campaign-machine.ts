import type { Row } from '../../storage/schema.ts';

type CampaignRow = Row<'update_campaigns'>;

/** As much of a campaign as its course looks at and changes; all of it is persisted, and nothing else is. */
export type CampaignCourse = Pick<
  CampaignRow,
  | 'state'
  | 'phase'
  | 'strategy'
  | 'start_at'
  | 'approval_required'
  | 'approved_at'
  | 'autostop'
  | 'autostop_percent'
  | 'failure_percent'
  | 'stop_reason'
  | 'wave'
  | 'wave_at'
  | 'pending_count'
  | 'success_count'
  | 'failed_count'
  | 'skipped_count'
  | 'started_at'
  | 'starting_at'
  | 'active_at'
  | 'stopping_at'
  | 'stopped_at'
  | 'archived_at'
> & {
  /** Ms from each wave to the next; the last one of these is before those that are in no wave. */
  readonly pauses: readonly number[];
};

/** What happens to a campaign. Times in ms since 1970. */
export type CampaignEvent =
  | { readonly kind: 'start'; readonly at: number }
  | { readonly kind: 'approve'; readonly at: number }
  | { readonly kind: 'stop'; readonly at: number }
  | { readonly kind: 'archive'; readonly at: number }
  /** A step of the start is done; `problem` ends the campaign. */
  | { readonly kind: 'stepped'; readonly at: number; readonly problem?: string }
  /** The time of the next wave has come. */
  | { readonly kind: 'wave'; readonly at: number }
  /** Devices are done. `offered` are those of the waves so far that were not skipped. */
  | { readonly kind: 'counted'; readonly at: number; readonly offered: number };

/** What has to be done now, or when to look again. */
export type CampaignWork =
  | { readonly do: 'step' | 'check-manifest' | 'fetch-devices' | 'check-devices' | 'dispatch' | 'withdraw' }
  | { readonly do: 'wave' }
  | { readonly do: 'wait'; readonly until: number }
  | { readonly do: 'nothing' };

export type CampaignTransition = { readonly course: CampaignCourse } | { readonly refused: string };

/** A campaign is seen to be active for this long at least: clients ask once after they have started it. */
export const quietTime = 1_000;

const terminal: ReadonlySet<CampaignRow['phase']> = new Set(['stopped', 'archived']);

/** The states of a start, in order, with what is to be done in each. */
const steps: Readonly<
  Partial<
    Record<
      CampaignRow['state'],
      {
        readonly next: CampaignRow['state'];
        readonly work: 'step' | 'check-manifest' | 'fetch-devices' | 'check-devices' | 'dispatch';
      }
    >
  >
> = {
  scheduled: { next: 'allocatingquota', work: 'step' },
  allocatingquota: { next: 'allocatedquota', work: 'step' },
  allocatedquota: { next: 'checkingmanifest', work: 'step' },
  checkingmanifest: { next: 'checkedmanifest', work: 'check-manifest' },
  checkedmanifest: { next: 'devicefetch', work: 'step' },
  devicefetch: { next: 'devicecopy', work: 'fetch-devices' },
  devicecopy: { next: 'devicecheck', work: 'step' },
  devicecheck: { next: 'publishing', work: 'check-devices' },
  publishing: { next: 'deploying', work: 'dispatch' },
};

const isHeld = ({ approval_required, approved_at }: CampaignCourse): boolean =>
  approval_required === 1 && approved_at === null;

/** Phase of a campaign that was told to start. */
function scheduledPhase(course: CampaignCourse, at: number): CampaignRow['phase'] {
  if (isHeld(course)) return 'awaiting_approval';
  return course.start_at !== null && course.start_at > at ? 'timed' : 'starting';
}

const stopping = (course: CampaignCourse, at: number, reason: string | null): CampaignTransition => ({
  course: { ...course, state: 'stopping', phase: 'stopping', stopping_at: at, stop_reason: reason, wave_at: null },
});

/** When the wave after this one begins; null if this is the last. */
const nextWaveAt = ({ pauses }: CampaignCourse, wave: number, at: number): number | null => {
  const pause = pauses[wave - 1];
  return pause === undefined ? null : at + pause;
};

function stepped(course: CampaignCourse, at: number, problem: string | undefined): CampaignTransition {
  if (course.state === 'stopping') {
    const state = course.stop_reason === null ? 'userstopped' : 'autostopped';
    return { course: { ...course, state, phase: 'stopped', stopped_at: at } };
  }
  const step = steps[course.state];
  if (!step) return { course };
  if (course.state === 'scheduled' && scheduledPhase(course, at) !== 'starting') return { course };
  if (problem !== undefined) return stopping(course, at, problem);
  const next = { ...course, state: step.next };
  if (step.next === 'allocatingquota') return { course: { ...next, phase: 'starting', starting_at: at } };
  if (step.next === 'publishing') {
    return { course: { ...next, phase: 'active', active_at: at, wave: 1, wave_at: nextWaveAt(course, 1, at) } };
  }
  return { course: next };
}

const share = (part: number, whole: number): number => (whole === 0 ? 0 : (part / whole) * 100);

/** Why a campaign ends by itself now; undefined if it goes on. */
export function endingOf(course: CampaignCourse, offered: number): string | undefined {
  const { pending_count: pending, success_count: success, failed_count: failed, skipped_count: skipped } = course;
  const total = pending + success + failed + skipped;
  if (course.failure_percent !== null && failed > 0 && share(failed, offered) >= course.failure_percent) {
    return `${failed} of ${offered} devices failed, and the campaign was to stop at ${course.failure_percent} %.`;
  }
  // A continuous campaign waits for devices that nobody knows yet.
  if (course.autostop === 0 || course.strategy === 'continuous' || total === 0) return undefined;
  if (pending === 0) return `All devices are done: ${success} updated, ${failed} failed, ${skipped} skipped.`;
  if (success > 0 && share(success, total) >= course.autostop_percent) {
    return `${success} of ${total} devices are updated, and the campaign was to stop at ${course.autostop_percent} %.`;
  }
  return undefined;
}

/** What an event makes of a campaign; the same campaign where the event comes late, and a sentence where it may not be. */
export function campaignAfter(course: CampaignCourse, event: CampaignEvent): CampaignTransition {
  const { at } = event;
  switch (event.kind) {
    case 'start': {
      if (course.phase !== 'draft') return { refused: 'It was started already.' };
      const started: CampaignCourse = { ...course, state: 'scheduled', started_at: at };
      return { course: { ...started, phase: scheduledPhase(started, at) } };
    }
    case 'approve': {
      if (course.approval_required === 0) return { refused: 'It needs no approval.' };
      if (course.approved_at !== null) return { refused: 'It was approved already.' };
      if (terminal.has(course.phase)) return { refused: 'It is over.' };
      const approved: CampaignCourse = { ...course, approved_at: at };
      const phase = course.phase === 'awaiting_approval' ? scheduledPhase(approved, at) : course.phase;
      return { course: { ...approved, phase } };
    }
    case 'stop':
      if (course.phase === 'draft') return { refused: 'It was not started.' };
      if (terminal.has(course.phase)) return { refused: 'It has stopped already.' };
      return course.phase === 'stopping' ? { course } : stopping(course, at, null);
    case 'archive':
      if (course.phase !== 'stopped') return { refused: 'Only a campaign that has stopped can be archived.' };
      return { course: { ...course, phase: 'archived', archived_at: at } };
    case 'stepped':
      return stepped(course, at, event.problem);
    case 'wave': {
      if (course.phase !== 'active' || course.wave_at === null || course.wave_at > at) return { course };
      const wave = course.wave + 1;
      return { course: { ...course, state: 'publishing', wave, wave_at: nextWaveAt(course, wave, at) } };
    }
    case 'counted': {
      if (course.phase !== 'active') return { course };
      const reason = at < (course.active_at ?? at) + quietTime ? undefined : endingOf(course, event.offered);
      return reason === undefined ? { course } : stopping(course, at, reason);
    }
  }
}

/** What is to be done with a campaign as it stands: all that a restart needs to know. */
export function workOf(course: CampaignCourse, now: number, offered: number): CampaignWork {
  if (course.phase === 'stopping') return { do: 'withdraw' };
  if (course.phase === 'draft' || course.phase === 'awaiting_approval' || terminal.has(course.phase))
    return { do: 'nothing' };
  if (course.state === 'scheduled' && course.start_at !== null && course.start_at > now) {
    return { do: 'wait', until: course.start_at };
  }
  const step = steps[course.state];
  if (step) return { do: step.work };
  if (course.phase !== 'active') return { do: 'nothing' };
  if (course.wave_at !== null && course.wave_at <= now) return { do: 'wave' };
  const quietUntil = (course.active_at ?? 0) + quietTime;
  const waits = [
    ...(course.wave_at === null ? [] : [course.wave_at]),
    ...(quietUntil > now && endingOf(course, offered) !== undefined ? [quietUntil] : []),
  ];
  return waits.length === 0 ? { do: 'nothing' } : { do: 'wait', until: Math.min(...waits) };
}
