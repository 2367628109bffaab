import { type Answer, type Code, codes, codeText, isSuccess, type Request } from '@mooring/coap';
import { contentFormats } from '../formats/content-format.ts';
import type { Transition } from '../machine/machine.ts';
import { encodeCertificateChain } from './certificate-chain.ts';
import { type DiscoveredAccounts, parseDiscoveredAccounts } from './discovery.ts';
import { asksForCertificate, type BootstrapPlan, type BootstrapStep, firstSteps, stepsAfterDiscovery } from './plan.ts';
import type { BootstrapRequest } from './request.ts';

/**
 * The server's side of one bootstrap on one connection. `attempt` counts the requests to bootstrap: a client that asks
 * again has given up what was under way, and what belongs to an earlier attempt is not heard any more.
 */
export type BootstrapServerState =
  /** Connected; nothing was asked. */
  | { readonly phase: 'idle'; readonly attempt: 0 }
  /** The service decides whether, and with what. */
  | { readonly phase: 'deciding'; readonly attempt: number; readonly request: BootstrapRequest }
  /** The first of the steps is sent and not answered. */
  | {
      readonly phase: 'writing';
      readonly attempt: number;
      readonly plan: BootstrapPlan;
      readonly steps: readonly BootstrapStep[];
      /** The request for a certificate overtook the answer to the last step. */
      readonly certificateRequest?: Uint8Array;
    }
  /** Everything is written; the device makes its key and will ask for a certificate. */
  | { readonly phase: 'enrolling'; readonly attempt: number; readonly plan: BootstrapPlan }
  | { readonly phase: 'signing'; readonly attempt: number; readonly plan: BootstrapPlan }
  /** Done or failed; the client should close, or we will. */
  | { readonly phase: 'leaving'; readonly attempt: number }
  | { readonly phase: 'over'; readonly attempt: number };

export type BootstrapServerEvent =
  | { readonly type: 'requested'; readonly request: BootstrapRequest }
  | { readonly type: 'decided'; readonly attempt: number; readonly plan: BootstrapPlan }
  | { readonly type: 'refused'; readonly attempt: number; readonly code: Code }
  | { readonly type: 'answered'; readonly attempt: number; readonly code: Code; readonly payload: Uint8Array }
  /** No answer came, for this reason. */
  | { readonly type: 'unanswered'; readonly attempt: number; readonly reason: string }
  | { readonly type: 'certificate requested'; readonly request: Uint8Array }
  | { readonly type: 'signed'; readonly attempt: number; readonly certificates: readonly Uint8Array[] }
  | { readonly type: 'not signed'; readonly attempt: number; readonly code: Code }
  | { readonly type: 'waited' }
  | { readonly type: 'closed' };

/** Why a bootstrap failed, for the log and the events of the device. */
export interface BootstrapFailure {
  readonly reason: 'refused' | 'write refused' | 'no answer' | 'closed' | 'too slow' | 'certificate refused';
  readonly detail: string;
}

export type BootstrapServerEffect =
  /** Answer with `decided` or `refused`. */
  | { readonly type: 'decide'; readonly attempt: number; readonly request: BootstrapRequest }
  /** Answer with `signed` or `not signed`. The request is PKCS#10, DER. */
  | { readonly type: 'sign'; readonly attempt: number; readonly request: Uint8Array }
  | { readonly type: 'respond'; readonly to: 'bootstrap' | 'certificate'; readonly answer: Answer }
  /** Answer with `answered` or `unanswered`. */
  | { readonly type: 'send'; readonly attempt: number; readonly request: Request }
  /** What is sent or asked for an earlier attempt is of no use any more. */
  | { readonly type: 'abandon' }
  /** `waited` after so long, instead of whatever was waited for before. */
  | { readonly type: 'wait'; readonly milliseconds: number }
  | { readonly type: 'stop waiting' }
  /** The device has everything: to be recorded. */
  | { readonly type: 'complete'; readonly plan: BootstrapPlan }
  | { readonly type: 'fail'; readonly failure: BootstrapFailure }
  | { readonly type: 'close' };

/** Milliseconds. */
export const bootstrapServerTimes = {
  /** From the handshake to the request. */
  request: 30_000,
  /** From the end of the writes to the request for a certificate: the device makes a key meanwhile. */
  enrolment: 120_000,
  /**
   * Until we close after the end. Pelion's clients up to 4.1 go on only when the server has closed, and want some time
   * between their last answer and that.
   */
  pelionFarewell: 250,
  /** Standard clients close themselves. */
  standardFarewell: 5_000,
  /** After a certificate went out: the client fetches its blocks, then closes itself. */
  enrolledFarewell: 60_000,
  /** After a refusal. */
  refusedFarewell: 1_000,
} as const;

type Step = Transition<BootstrapServerState, BootstrapServerEffect>;

export const startBootstrapServer = (): Step => ({
  state: { phase: 'idle', attempt: 0 },
  effects: [{ type: 'wait', milliseconds: bootstrapServerTimes.request }],
});

const stay = (state: BootstrapServerState, ...effects: BootstrapServerEffect[]): Step => ({ state, effects });

function leave(attempt: number, milliseconds: number, ...effects: BootstrapServerEffect[]): Step {
  return { state: { phase: 'leaving', attempt }, effects: [...effects, { type: 'wait', milliseconds }] };
}

function fail(
  attempt: number,
  reason: BootstrapFailure['reason'],
  detail: string,
  ...before: BootstrapServerEffect[]
): Step {
  const failure: BootstrapFailure = { reason, detail };
  return leave(attempt, bootstrapServerTimes.refusedFarewell, ...before, { type: 'fail', failure });
}

const sign = (attempt: number, plan: BootstrapPlan, request: Uint8Array): Step => ({
  state: { phase: 'signing', attempt, plan },
  effects: [{ type: 'stop waiting' }, { type: 'sign', attempt, request }],
});

function perform(
  attempt: number,
  plan: BootstrapPlan,
  steps: readonly BootstrapStep[],
  certificateRequest?: Uint8Array,
  ...before: BootstrapServerEffect[]
): Step {
  const [next] = steps;
  if (next) {
    return {
      state: { phase: 'writing', attempt, plan, steps },
      effects: [...before, { type: 'send', attempt, request: next.request }],
    };
  }
  if (asksForCertificate(plan)) {
    if (certificateRequest) return sign(attempt, plan, certificateRequest);
    return {
      state: { phase: 'enrolling', attempt, plan },
      effects: [...before, { type: 'wait', milliseconds: bootstrapServerTimes.enrolment }],
    };
  }
  const farewell =
    plan.client === 'pelion' ? bootstrapServerTimes.pelionFarewell : bootstrapServerTimes.standardFarewell;
  return leave(attempt, farewell, ...before, { type: 'complete', plan });
}

function discovered(code: Code, payload: Uint8Array): DiscoveredAccounts | undefined {
  if (!isSuccess(code)) return undefined;
  try {
    return parseDiscoveredAccounts(payload);
  } catch {
    // A client that cannot tell what it has can be written to all the same.
    return undefined;
  }
}

const stepName = ({ operation, request }: BootstrapStep): string =>
  `${operation === 'finish' ? 'the end of the bootstrap' : `${request.method} /${(request.path ?? []).join('/')}`}`;

function answered(state: BootstrapServerState & { phase: 'writing' }, code: Code, payload: Uint8Array): Step {
  const { attempt, plan, steps, certificateRequest } = state;
  const [current, ...rest] = steps as [BootstrapStep, ...BootstrapStep[]];
  if (current.operation === 'discover') {
    return perform(attempt, plan, stepsAfterDiscovery(plan, discovered(code, payload)));
  }
  // What is to be deleted and is not there is as good as deleted.
  if (isSuccess(code) || (current.operation === 'delete' && code === codes.notFound)) {
    return perform(attempt, plan, rest, certificateRequest);
  }
  const [other, ...alternatives] = current.alternatives;
  if (code === codes.unsupportedContentFormat && other) {
    const format = other.contentFormat;
    // The writes after this one are for the same client.
    const sameFormat = rest.map((step) => {
      const chosen = step.alternatives.find((request) => request.contentFormat === format);
      return chosen ? { ...step, request: chosen, alternatives: alternativesFrom(step, chosen) } : step;
    });
    return perform(attempt, plan, [{ ...current, request: other, alternatives }, ...sameFormat]);
  }
  return fail(attempt, 'write refused', `${stepName(current)} was answered ${codeText(code)}`);
}

const alternativesFrom = (step: BootstrapStep, chosen: Request): Request[] =>
  step.alternatives.filter((request) => request !== chosen);

const certificateAnswer = (certificates: readonly Uint8Array[]): Answer => ({
  code: codes.changed,
  contentFormat: contentFormats.opaque,
  payload: encodeCertificateChain(certificates),
});

const refusal = (to: 'bootstrap' | 'certificate', code: Code): BootstrapServerEffect => ({
  type: 'respond',
  to,
  answer: { code },
});

/** What was waited for did not come. */
function waited(state: BootstrapServerState): Step {
  const { attempt } = state;
  switch (state.phase) {
    case 'idle':
    case 'leaving':
      return { state: { phase: 'over', attempt }, effects: [{ type: 'close' }] };
    case 'enrolling':
      return fail(attempt, 'too slow', 'the device asked for no certificate');
    default:
      return stay(state);
  }
}

function closed(state: BootstrapServerState): Step {
  const { phase, attempt } = state;
  const over: BootstrapServerState = { phase: 'over', attempt };
  if (phase === 'over') return stay(state);
  const effects: BootstrapServerEffect[] = [{ type: 'stop waiting' }];
  if (phase === 'deciding' || phase === 'writing' || phase === 'enrolling' || phase === 'signing') {
    effects.unshift({ type: 'abandon' });
    const at = phase === 'writing' && state.steps[0] ? ` during ${stepName(state.steps[0])}` : ` while ${phase}`;
    effects.push({ type: 'fail', failure: { reason: 'closed', detail: `the connection ended${at}` } });
  }
  return { state: over, effects };
}

/** The next state, and what is to be done; see the types for what each event and effect means. */
export function bootstrapServer(state: BootstrapServerState, event: BootstrapServerEvent): Step {
  if (state.phase === 'over') return stay(state);
  // Answers to what an earlier attempt asked.
  if ('attempt' in event && event.attempt !== state.attempt) return stay(state);
  switch (event.type) {
    case 'requested': {
      const attempt = state.attempt + 1;
      const effects: BootstrapServerEffect[] = [
        ...(state.phase === 'idle' ? [] : [{ type: 'abandon' } as const]),
        { type: 'stop waiting' },
        { type: 'decide', attempt, request: event.request },
      ];
      return { state: { phase: 'deciding', attempt, request: event.request }, effects };
    }
    case 'decided':
      if (state.phase !== 'deciding') return stay(state);
      return perform(state.attempt, event.plan, firstSteps(event.plan), undefined, refusal('bootstrap', codes.changed));
    case 'refused':
      if (state.phase !== 'deciding') return stay(state);
      return fail(
        state.attempt,
        'refused',
        `the request was answered ${codeText(event.code)}`,
        refusal('bootstrap', event.code),
      );
    case 'answered':
      return state.phase === 'writing' ? answered(state, event.code, event.payload) : stay(state);
    case 'unanswered':
      if (state.phase !== 'writing') return stay(state);
      return fail(state.attempt, 'no answer', `${stepName(state.steps[0] as BootstrapStep)}: ${event.reason}`);
    case 'certificate requested':
      if (state.phase === 'enrolling') return sign(state.attempt, state.plan, event.request);
      if (state.phase === 'writing' && state.steps[0]?.operation === 'finish' && asksForCertificate(state.plan)) {
        return stay({ ...state, certificateRequest: event.request });
      }
      return stay(state, refusal('certificate', codes.forbidden));
    case 'signed':
      if (state.phase !== 'signing') return stay(state);
      return leave(
        state.attempt,
        bootstrapServerTimes.enrolledFarewell,
        { type: 'respond', to: 'certificate', answer: certificateAnswer(event.certificates) },
        { type: 'complete', plan: state.plan },
      );
    case 'not signed':
      if (state.phase !== 'signing') return stay(state);
      return fail(
        state.attempt,
        'certificate refused',
        `the certificate request was answered ${codeText(event.code)}`,
        refusal('certificate', event.code),
      );
    case 'waited':
      return waited(state);
    case 'closed':
      return closed(state);
  }
}
