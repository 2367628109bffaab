import type { MooringError } from '@mooring/platform';
import { restErrors } from '../errors.ts';
import type { ErrorResponse } from '../schemas/envelope.ts';
import { addressText } from './address.ts';
import type { Answer } from './exchange.ts';

interface Refusal {
  message: string;
  type: string | undefined;
  requestId: string | undefined;
  fields: readonly { name: string; message: string }[];
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** Reads the error envelope as far as it is one; other programs of the field leave parts out. */
function refusalOf(answer: Answer): Refusal | undefined {
  const value = parse(answer.body) as Partial<ErrorResponse> | undefined;
  if (!isObject(value) || typeof value.message !== 'string') return undefined;
  const header = answer.headers['x-request-id'];
  const fields = Array.isArray(value.fields) ? value.fields : [];
  return {
    message: value.message.trim(),
    type: typeof value.type === 'string' ? value.type : undefined,
    requestId:
      typeof value.request_id === 'string' ? value.request_id : typeof header === 'string' ? header : undefined,
    fields: fields.filter(isObject).map((field) => ({
      // The certificate issuers of the contract say `field` where all others say `name`.
      name: String(field.name ?? (field as { field?: unknown }).field ?? ''),
      message: String(field.message ?? ''),
    })),
  };
}

function foreign(answer: Answer, url: URL): MooringError {
  const data = { url: addressText(url), request: answer.request, status: answer.status };
  if (answer.status >= 300 && answer.status < 400) {
    const to = answer.headers.location;
    return restErrors('rest.answer.foreign', {
      message: `${url.host} sends the client elsewhere${to === undefined ? '' : ` (${to})`} instead of answering.`,
      next: 'Check the address; in a guest network, log in with a browser first.',
      data,
    });
  }
  const html = /^\s*<(!doctype|html)/i.test(answer.body) || /html/i.test(answer.headers['content-type'] ?? '');
  return restErrors('rest.answer.foreign', {
    message: html
      ? `${url.host} answered with a web page (HTTP ${answer.status}), not as a Device Management service.`
      : `${url.host} answered with something that is not JSON (HTTP ${answer.status}), not as a Device Management service.`,
    next: 'Check the address; in a guest network, log in with a browser first, and check for a proxy in between.',
    data,
  });
}

const sentence = (text: string): string => (text === '' ? '' : /[.!?]$/.test(text) ? text : `${text}.`);

/** What an answer of 400 and above means, with the service's own sentence. */
export function refused(answer: Answer, url: URL): MooringError {
  const refusal = refusalOf(answer);
  const { status } = answer;
  if (refusal === undefined && status !== 401 && status < 500) return foreign(answer, url);
  const said = sentence(refusal?.message ?? '');
  const fields = refusal?.fields ?? [];
  const data = {
    status,
    url: addressText(url),
    request: answer.request,
    ...(refusal?.message ? { said: refusal.message } : {}),
    ...(refusal?.type === undefined ? {} : { type: refusal.type }),
    ...(refusal?.requestId === undefined ? {} : { requestId: refusal.requestId }),
    fields,
  };
  const named = fields.map(({ name, message }) => ` ${name}: ${sentence(message)}`).join('');
  if (status === 401) {
    return restErrors('rest.unauthorized', {
      message: `The service at ${url.host} does not accept the API key.`,
      next: 'Check that it is whole and has not been deleted or deactivated, or make a new one.',
      data,
    });
  }
  if (status === 403) {
    return restErrors('rest.forbidden', {
      message: said || 'The API key may not do this.',
      next:
        refusal?.type === 'account_limit_exceeded'
          ? 'Delete what is no longer used, or ask the operator to raise the limit.'
          : 'Use an API key of a group that may, such as Administrators.',
      data,
    });
  }
  if (status === 404) {
    return restErrors('rest.not.found', {
      message: said || `The service at ${url.host} has no such thing.`,
      next: 'It may have been deleted, or it belongs to another account.',
      data,
    });
  }
  if (status === 409) {
    return restErrors('rest.conflict', {
      message: said || 'Something with this name exists already.',
      next: 'Choose another name, or delete the one that is there.',
      data,
    });
  }
  if (status === 429) {
    return restErrors('rest.limited', { message: said || 'Too many requests.', next: 'Try again in a minute.', data });
  }
  if (status >= 500) {
    return restErrors('rest.server.failed', {
      message: `The service at ${url.host} failed (HTTP ${status})${said ? `: ${said}` : '.'}`,
      next: `Try again; if it stays so, look into the log of the service${refusal?.requestId ? ` for request ${refusal.requestId}` : ''}.`,
      data,
    });
  }
  return restErrors('rest.invalid', {
    message: `The service refused the request: ${said || `HTTP ${status}.`}${named}`,
    next: 'Correct it and try again; nothing was changed.',
    data,
  });
}

/**
 * The body of a good answer.
 *
 * @throws MooringError for a status of 300 and above and for anything that is not a JSON object
 */
export function bodyOf(answer: Answer, url: URL): Record<string, unknown> {
  if (answer.status >= 400) throw refused(answer, url);
  const value = answer.status >= 300 ? undefined : parse(answer.body);
  if (!isObject(value)) throw foreign(answer, url);
  return value;
}
