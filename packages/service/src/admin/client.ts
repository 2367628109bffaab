import { type IncomingMessage, request } from 'node:http';
import { type ErrorDetail, MooringError } from '@mooring/platform';
import { adminErrors } from '../errors.ts';
import type { OperationName, Operations } from './operations.ts';
import type { BackupRequest } from './operator-backup.ts';

function post(socketPath: string, operation: string, input: unknown): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const body = Buffer.from(JSON.stringify(input), 'utf8');
    const sent = request({
      socketPath,
      method: 'POST',
      path: `/${encodeURIComponent(operation)}`,
      headers: { 'content-type': 'application/json', 'content-length': body.length },
      agent: false,
    });
    sent.on('response', resolve);
    sent.on('error', reject);
    sent.end(body);
  });
}

async function jsonOf(
  response: IncomingMessage,
): Promise<{ result?: unknown; error?: ErrorDetail & { code: string } }> {
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}

/** For an answer that is not whole. */
export const brokenOff = (cause: unknown) =>
  adminErrors('admin.unreachable', {
    message: 'The service ended, or broke off, before it answered.',
    next: 'See its log, then repeat the command.',
    cause,
  });

/** @returns undefined if nothing listens there */
async function answerOf(socketPath: string, operation: string, input: unknown): Promise<IncomingMessage | undefined> {
  try {
    return await post(socketPath, operation, input);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ECONNREFUSED') return undefined;
    if (code === 'EACCES' || code === 'EPERM') {
      throw adminErrors('admin.unreachable', {
        message: `The service runs, and this user may not open its admin socket ${socketPath}.`,
        next: 'Run the command as the user that runs the service.',
        cause: error,
      });
    }
    throw brokenOff(error);
  }
}

async function refusal(response: IncomingMessage): Promise<Error> {
  const { error } = await jsonOf(response);
  const { code, message, next, data } = error ?? { code: 'internal', message: 'The service failed.' };
  return new MooringError(code, { message, ...(next ? { next } : {}), ...(data ? { data } : {}) });
}

/**
 * Asks a running service.
 *
 * @returns undefined if nothing listens there
 * @throws MooringError what the service answers, or `admin.unreachable`
 */
export async function askService<Name extends OperationName>(
  socketPath: string,
  operation: Name,
  input: Operations[Name]['input'],
): Promise<{ result: Operations[Name]['output'] } | undefined> {
  const response = await answerOf(socketPath, operation, input);
  if (!response) return undefined;
  if (response.statusCode !== 200) throw await refusal(response);
  try {
    return { result: (await jsonOf(response)).result as Operations[Name]['output'] };
  } catch (error) {
    throw brokenOff(error);
  }
}

/** The same for a backup, which comes as a stream. */
export async function askForBackup(socketPath: string, wanted: BackupRequest): Promise<IncomingMessage | undefined> {
  const response = await answerOf(socketPath, 'backup', wanted);
  if (response && response.statusCode !== 200) throw await refusal(response);
  return response;
}
