import { connect, type Socket } from 'node:net';
import { signingErrors } from './errors.ts';
import { SshReader, SshWireFault, sshString } from './ssh-wire.ts';

/** Numbers of draft-miller-ssh-agent §6.1. */
const messages = { failure: 5, requestIdentities: 11, identities: 12, signRequest: 13, signResponse: 14 } as const;

/** OpenSSH refuses longer ones on its side too. */
const largestMessage = 256 * 1024;

export interface AgentIdentity {
  /** The public key in SSH's encoding. */
  blob: Buffer;
  comment: string;
}

export interface AgentAccess {
  /** Path of the socket. */
  socket: string;
  signal: AbortSignal;
  /** In ms, for answers that nobody has to confirm by hand. */
  patience?: number;
}

const fault = (reason: string, cause?: unknown) =>
  signingErrors('signing.agent.failed', {
    message: `The ssh-agent gave an answer that cannot be used: ${reason}.`,
    next: 'Check with `ssh-add -L` that SSH_AUTH_SOCK leads to a working agent.',
    cause,
  });

const silence = (reason: string, cause?: unknown) =>
  signingErrors('signing.agent.failed', {
    message: `The ssh-agent does not answer: ${reason}.`,
    next: 'Start one and add the key: eval "$(ssh-agent)"; ssh-add KEY. If one runs, check SSH_AUTH_SOCK.',
    cause,
  });

/** One request over a connection of its own. @returns the message: its type, then the rest */
function request(access: AgentAccess, message: Uint8Array, patience: number | undefined): Promise<Buffer> {
  return new Promise((done, fail) => {
    let socket: Socket | undefined;
    let received = Buffer.alloc(0);
    const timer = patience === undefined ? undefined : setTimeout(() => end(silence('it stays silent')), patience);
    const abort = () => end(silence('the command was interrupted'));
    const end = (result: Buffer | Error) => {
      clearTimeout(timer);
      access.signal.removeEventListener('abort', abort);
      socket?.destroy();
      if (result instanceof Error) fail(result);
      else done(result);
    };
    access.signal.addEventListener('abort', abort, { once: true });
    socket = connect(access.socket);
    socket.on('error', (cause: NodeJS.ErrnoException) => end(silence(cause.code ?? cause.message, cause)));
    socket.on('close', () => end(silence('it closed the connection')));
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 4) return;
      const length = received.readUInt32BE();
      if (length < 1 || length > largestMessage) return end(fault(`a message of ${length} bytes`));
      if (received.length < 4 + length) return;
      if (received.length > 4 + length) return end(fault('more than one message'));
      end(received.subarray(4));
    });
    socket.write(sshString(message));
    if (access.signal.aborted) abort();
  });
}

async function ask<T>(
  access: AgentAccess,
  message: Uint8Array,
  patience: number | undefined,
  read: (type: number, fields: SshReader) => T,
): Promise<T> {
  const answer = new SshReader(await request(access, message, patience));
  try {
    const value = read(answer.byte(), answer);
    if (!answer.done) throw new SshWireFault('something follows its end');
    return value;
  } catch (cause) {
    if (cause instanceof SshWireFault) throw fault(cause.message, cause);
    throw cause;
  }
}

/** @throws MooringError `signing.agent.failed` */
export const listIdentities = (access: AgentAccess): Promise<AgentIdentity[]> =>
  ask(access, Uint8Array.of(messages.requestIdentities), access.patience ?? 10_000, (type, fields) => {
    if (type !== messages.identities) throw new SshWireFault(`message ${type} in place of its keys`);
    const count = fields.uint32();
    const found: AgentIdentity[] = [];
    while (found.length < count) found.push({ blob: fields.string(), comment: fields.text() });
    return found;
  });

/**
 * Has the agent sign. It may ask its user first (`ssh-add -c`), so it gets as long as it takes.
 *
 * @returns the signature in SSH's encoding
 * @throws MooringError `signing.agent.failed`, `signing.agent.refused`
 */
export function signWith(access: AgentAccess, blob: Uint8Array, data: Uint8Array): Promise<Buffer> {
  const body = Buffer.concat([Uint8Array.of(messages.signRequest), sshString(blob), sshString(data), Buffer.alloc(4)]);
  return ask(access, body, undefined, (type, fields) => {
    if (type === messages.signResponse) return fields.string();
    if (type !== messages.failure) throw new SshWireFault(`message ${type} in place of a signature`);
    throw signingErrors('signing.agent.refused', {
      message: 'The ssh-agent refuses to sign.',
      next: 'It may be locked (ssh-add -X), want a confirmation, or hold the key for certain hosts only (ssh-add -h).',
    });
  });
}
