import { type Answer, type Code, codes, codeText, type IncomingRequest, isSuccess } from '@mooring/coap';
import type { Catalogue } from '../definitions/catalogue.ts';
import { decodeNode, encodeNode } from '../formats/codec.ts';
import { contentFormats, currentFormat } from '../formats/content-format.ts';
import { formatLinks, type Link } from '../formats/link-format.ts';
import type { Transition } from '../machine/machine.ts';
import { object } from '../model/node.ts';
import { type Path, pathOfSegments, pathText } from '../model/path.ts';
import { codeOfError } from '../refusal.ts';
import { securityModes } from './account.ts';
import {
  type AccountsDraft,
  type ClientAccount,
  clientAccounts,
  removed,
  singleValue,
  written,
} from './accounts-draft.ts';
import type { BootstrapClientRules } from './client-rules.ts';

/**
 * The client's side of one bootstrap. What the server writes goes into a draft and counts only when the bootstrap is
 * complete: one that fails leaves the old accounts as they were.
 */
export interface BootstrapClientState {
  readonly phase: /** The request is not answered. */
    | 'asking'
    /** The server writes. */
    | 'written to'
    /** The device makes its key and asks for a certificate. */
    | 'enrolling'
    /** Complete; the server is to close. */
    | 'leaving'
    | 'over';
  readonly draft: AccountsDraft;
}

export type BootstrapClientEvent =
  /** Of the request to bootstrap. */
  | { readonly type: 'answered'; readonly code: Code }
  | { readonly type: 'unanswered'; readonly reason: string }
  /** A request of the server's. It gets exactly one `respond`. */
  | { readonly type: 'requested'; readonly request: IncomingRequest }
  /** DER, the device's own first. */
  | { readonly type: 'enrolled'; readonly certificates: readonly Uint8Array[] }
  | { readonly type: 'not enrolled'; readonly reason: string }
  | { readonly type: 'waited' }
  | { readonly type: 'closed' };

export interface BootstrapResult {
  readonly accounts: readonly ClientAccount[];
  /** Everything that was written, other objects included. */
  readonly draft: AccountsDraft;
  /** Those that were asked for over EST, the device's own first. */
  readonly certificates: readonly Uint8Array[] | undefined;
}

export type BootstrapClientEffect =
  /** Send the request to bootstrap. */
  | { readonly type: 'ask' }
  | { readonly type: 'respond'; readonly answer: Answer }
  /** Make a key, and ask `/est/sen` for a certificate with this internal endpoint. */
  | { readonly type: 'enroll'; readonly account: ClientAccount; readonly internalEndpoint: string }
  | { readonly type: 'wait'; readonly milliseconds: number }
  | { readonly type: 'stop waiting' }
  | { readonly type: 'complete'; readonly result: BootstrapResult }
  /** `code` where the server's answer to the request is the reason. */
  | { readonly type: 'fail'; readonly reason: string; readonly code?: Code }
  | { readonly type: 'close' };

export interface BootstrapClientSettings {
  readonly rules: BootstrapClientRules;
  readonly catalogue: Catalogue;
}

/** Milliseconds. */
export const bootstrapClientTimes = {
  /** Between two requests of the server; what CoAP calls EXCHANGE_LIFETIME (OMA LwM2M 1.1 §6.1.7.1). */
  betweenWrites: 247_000,
  /** For the server to close, where it is to. */
  farewell: 10_000,
} as const;

type Step = Transition<BootstrapClientState, BootstrapClientEffect>;

export const startBootstrapClient = (existing: AccountsDraft): Step => ({
  state: { phase: 'asking', draft: existing },
  effects: [{ type: 'ask' }],
});

const over = (state: BootstrapClientState, ...effects: BootstrapClientEffect[]): Step => ({
  state: { ...state, phase: 'over' },
  effects: [{ type: 'stop waiting' }, ...effects],
});

const fail = (state: BootstrapClientState, reason: string, code?: Code): Step =>
  over(state, { type: 'fail', reason, ...(code === undefined ? {} : { code }) }, { type: 'close' });

function complete(
  state: BootstrapClientState,
  { rules }: BootstrapClientSettings,
  certificates: readonly Uint8Array[] | undefined,
  ...before: BootstrapClientEffect[]
): Step {
  const { draft } = state;
  const result: BootstrapResult = { accounts: clientAccounts(draft), draft, certificates };
  const done: BootstrapClientEffect[] = [...before, { type: 'complete', result }];
  // After EST even those who wait for the server else close themselves.
  if (rules.closedBy === 'client' || certificates) return over(state, ...done, { type: 'close' });
  return {
    state: { ...state, phase: 'leaving' },
    effects: [...done, { type: 'wait', milliseconds: bootstrapClientTimes.farewell }],
  };
}

/** The draft after a request, and its answer. */
interface Done {
  readonly draft: AccountsDraft;
  readonly answer: Answer;
}

function write(draft: AccountsDraft, at: Path, request: IncomingRequest, settings: BootstrapClientSettings): Done {
  const fallback = at.length < 3 ? contentFormats.tlv : contentFormats.text;
  const node = decodeNode(request.contentFormat ?? fallback, at, request.payload, settings.catalogue);
  const refused = settings.rules.refuses(at, node);
  if (refused !== undefined) return { draft, answer: { code: refused } };
  return { draft: written(draft, at, node), answer: { code: codes.changed } };
}

/** Bootstrap-Discover (OMA LwM2M 1.1 §6.1.7.3): which instances there are, and of which servers. */
function discovery(draft: AccountsDraft, at: Path): Answer {
  const links: Link[] = [{ target: '/', attributes: new Map([['lwm2m', '1.1']]) }];
  for (const [objectId, instances] of draft) {
    if (at.length > 0 && at[0] !== objectId) continue;
    if (instances.size === 0) links.push({ target: pathText([objectId]), attributes: new Map() });
    for (const [instanceId, resources] of instances) {
      const attributes = new Map<string, string | true>();
      const server = singleValue(resources, objectId === 0 ? 10 : 0);
      const isAccount = objectId === 1 || (objectId === 0 && singleValue(resources, 1) !== true);
      if (isAccount && typeof server === 'number') attributes.set('ssid', String(server));
      const uri = objectId === 0 ? singleValue(resources, 0) : undefined;
      if (typeof uri === 'string') attributes.set('uri', uri);
      links.push({ target: pathText([objectId, instanceId]), attributes });
    }
  }
  return { code: codes.content, contentFormat: contentFormats.linkFormat, payload: formatLinks(links) };
}

/** Bootstrap-Read of 1.1: the servers and their access rights, never the keys. */
function read(draft: AccountsDraft, at: Path, request: IncomingRequest, catalogue: Catalogue): Answer {
  const [objectId] = at;
  const instances = objectId === 1 || objectId === 2 ? draft.get(objectId) : undefined;
  if (!instances || objectId === undefined) return { code: codes.methodNotAllowed };
  const node = object(
    objectId,
    [...instances].map(([id, resources]) => ({ kind: 'instance', id, resources: [...resources.values()] })),
  );
  const found = at.length === 1 ? node : node.instances.find(({ id }) => id === at[1]);
  if (!found || at.length > 2) return { code: codes.notFound };
  const contentFormat = request.accept ?? contentFormats.tlv;
  return { code: codes.content, contentFormat, payload: encodeNode(contentFormat, at, found, catalogue) };
}

function operate(draft: AccountsDraft, request: IncomingRequest, settings: BootstrapClientSettings): Done {
  const at = pathOfSegments(request.path);
  if (!at) return { draft, answer: { code: codes.badRequest } };
  switch (request.method) {
    case 'PUT':
      return at.length === 0 ? { draft, answer: { code: codes.badRequest } } : write(draft, at, request, settings);
    case 'DELETE': {
      if (at.length > 2) return { draft, answer: { code: codes.badRequest } };
      const rest = removed(draft, at);
      return rest ? { draft: rest, answer: { code: codes.deleted } } : { draft, answer: { code: codes.notFound } };
    }
    case 'GET':
      if (request.accept !== undefined && currentFormat(request.accept) === contentFormats.linkFormat) {
        return { draft, answer: at.length > 1 ? { code: codes.badRequest } : discovery(draft, at) };
      }
      return { draft, answer: read(draft, at, request, settings.catalogue) };
    default:
      return { draft, answer: { code: codes.methodNotAllowed } };
  }
}

function finish(state: BootstrapClientState, request: IncomingRequest, settings: BootstrapClientSettings): Step {
  const { draft } = state;
  const refused = settings.rules.incomplete(draft);
  const respond = (code: Code): BootstrapClientEffect => ({ type: 'respond', answer: { code } });
  if (refused !== undefined) {
    return over(
      state,
      respond(refused),
      { type: 'fail', reason: `what the server wrote is not complete: answered ${codeText(refused)}` },
      { type: 'close' },
    );
  }
  const account = clientAccounts(draft).find(({ securityMode }) => securityMode === securityModes.est);
  if (!account) return complete(state, settings, undefined, respond(codes.changed));
  const internalEndpoint = request.query.find((item) => item.startsWith('iep='))?.slice(4);
  if (!internalEndpoint) return { state, effects: [respond(codes.badRequest)] };
  return {
    state: { ...state, phase: 'enrolling' },
    effects: [{ type: 'stop waiting' }, respond(codes.changed), { type: 'enroll', account, internalEndpoint }],
  };
}

function requested(state: BootstrapClientState, request: IncomingRequest, settings: BootstrapClientSettings): Step {
  // What comes before the answer to the request comes from a server in a hurry, or over UDP.
  if (state.phase !== 'asking' && state.phase !== 'written to') {
    return { state, effects: [{ type: 'respond', answer: { code: codes.methodNotAllowed } }] };
  }
  if (request.method === 'POST' && request.path.length === 1 && request.path[0] === 'bs') {
    return finish(state, request, settings);
  }
  const wait: BootstrapClientEffect = { type: 'wait', milliseconds: bootstrapClientTimes.betweenWrites };
  let done: Done;
  try {
    done = operate(state.draft, request, settings);
  } catch (error) {
    const code = codeOfError(error);
    if (code === undefined) throw error;
    done = { draft: state.draft, answer: { code } };
  }
  const { draft, answer } = done;
  // A write that was refused ends the bootstrap; the server will hear of it by the answer.
  if (request.method === 'PUT' && !isSuccess(answer.code) && answer.code !== codes.unsupportedContentFormat) {
    const reason = `a write to /${request.path.join('/')} could not be taken: answered ${codeText(answer.code)}`;
    return over(state, { type: 'respond', answer }, { type: 'fail', reason }, { type: 'close' });
  }
  return { state: { ...state, draft }, effects: [{ type: 'respond', answer }, wait] };
}

/** The next state, and what is to be done. */
export function bootstrapClient(
  state: BootstrapClientState,
  event: BootstrapClientEvent,
  settings: BootstrapClientSettings,
): Step {
  const { phase } = state;
  if (event.type === 'requested') return requested(state, event.request, settings);
  if (phase === 'over') return { state, effects: [] };
  switch (event.type) {
    case 'answered':
      if (phase !== 'asking') return { state, effects: [] };
      if (!isSuccess(event.code)) return fail(state, `the server answered ${codeText(event.code)}`, event.code);
      return {
        state: { ...state, phase: 'written to' },
        effects: [{ type: 'wait', milliseconds: bootstrapClientTimes.betweenWrites }],
      };
    case 'unanswered':
      return phase === 'asking' ? fail(state, event.reason) : { state, effects: [] };
    case 'enrolled':
      return phase === 'enrolling' ? complete(state, settings, event.certificates) : { state, effects: [] };
    case 'not enrolled':
      return phase === 'enrolling' ? fail(state, event.reason) : { state, effects: [] };
    case 'waited':
      if (phase === 'leaving') return over(state, { type: 'close' });
      return phase === 'written to' ? fail(state, 'the server did not go on') : { state, effects: [] };
    case 'closed':
      return phase === 'leaving' ? over(state) : over(state, { type: 'fail', reason: 'the connection ended' });
  }
}
