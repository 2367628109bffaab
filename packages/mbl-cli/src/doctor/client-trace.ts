/** What a device's client has left of how it is. */
export interface Trace {
  /** `trying`: it runs, or seems to, and is not through; `gone`: its process is not there any more. */
  state: 'registered' | 'trying' | 'stopped' | 'gone';
  /** In words, for a state that is none of registered. */
  says: string;
  /** Given by a bootstrap. */
  deviceId?: string;
  pid?: number;
  /** Whether the device has an account at the LwM2M server, where that can be told. */
  bootstrapped?: boolean;
}

/**
 * @param text the state file of Mooring's client: one JSON object
 * @returns undefined if it is none
 */
export function stateTrace(text: string): Trace | undefined {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof content !== 'object' || content === null) return undefined;
  const { state, deviceId, pid, server, lastFailure } = content as Record<string, unknown>;
  if (typeof state !== 'string') return undefined;
  const where = typeof server === 'string' ? ` at ${server}` : '';
  const why = typeof lastFailure === 'string' ? `; last time: ${lastFailure}` : '';
  return {
    state: state === 'registered' || state === 'stopped' ? state : 'trying',
    says: `${state}${where}${why}`,
    bootstrapped: typeof deviceId === 'string' || state === 'registering' || state === 'registered',
    ...(typeof deviceId === 'string' ? { deviceId } : {}),
    ...(Number.isInteger(pid) ? { pid: pid as number } : {}),
  };
}

/** `2018-12-06T07:11:58+0000 [INFO][mbl ]: Client registered` */
const line = /^\S+ \[(\w+) *\]\[(\w+) *\]: (.*)$/;
/** Areas whose errors are about the whole client; those of its libraries are often followed by another attempt. */
const wholeClient = ['mbl', 'main'];

/**
 * Goes by the last line that says how the connection is, in the words of MBL's client.
 *
 * @param text the end of the client's log
 * @returns undefined if no line says anything of it
 */
export function logTrace(text: string): Trace | undefined {
  let trace: Trace | undefined;
  for (const each of text.split('\n')) {
    const [, level = '', area = '', said = ''] = line.exec(each.trimEnd()) ?? [];
    if (!wholeClient.includes(area)) continue;
    const id = /^Device Id: (\S+)$/.exec(said)?.[1];
    if (said === 'Client registered') trace = { state: 'registered', says: said, bootstrapped: true };
    else if (id !== undefined && trace?.state === 'registered') trace = { ...trace, deviceId: id };
    else if (said === 'Client unregistered' || said === 'Exiting application') trace = { state: 'stopped', says: said };
    else if (level === 'ERR') trace = { state: 'trying', says: said };
  }
  return trace;
}
