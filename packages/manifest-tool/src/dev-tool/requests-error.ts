import { STATUS_CODES } from 'node:http';
import { MooringError } from '@mooring/platform';

/**
 * A refusal of the service in the words in which 2.6.2 passes it on: `401 Client Error: Unauthorized for url: …`, with
 * our sentence as what to do next. Other failures stay as they are.
 */
export function asRequestsTells(error: MooringError): MooringError {
  const { status, url, request } = error.data ?? {};
  if (typeof status !== 'number' || status < 400 || typeof request !== 'string') return error;
  const side = status < 500 ? 'Client' : 'Server';
  const reason = STATUS_CODES[status] ?? '';
  return new MooringError(error.code, {
    message: `${status} ${side} Error: ${reason} for url: ${url}${request.split(' ')[1]}`,
    next: [error.message, error.next].filter(Boolean).join(' '),
    cause: error,
    ...(error.exitCode === undefined ? {} : { exitCode: error.exitCode }),
    ...(error.data ? { data: error.data } : {}),
  });
}
