import { isMooringError } from '@mooring/platform';
import { run, succeeded } from '../ssh/remote-command.ts';
import { logTrace, stateTrace, type Trace } from './client-trace.ts';
import { type Examination, left } from './examination.ts';
import type { Finding, Rung } from './ladder.ts';

/** Written by Mooring's client; MBL's own has only its log. */
const stateFile = '/run/mbl-cloud-client/state.json';
const logFile = '/var/log/mbl-cloud-client.log';

const seeLog = `See what the client says: mbl-cli shell 'tail -n 30 ${logFile}'`;
const denials = "the service lists them in '/v3/device-enrollment-denials'";
const restart = `Start it: mbl-cli shell 'systemctl restart mbl-cloud-client'`;

/** Whether the device has got an account from the bootstrap server, and is registered with it. */
export function clientRungs(examined: Examination): Rung[] {
  let found: Promise<Trace | undefined> | undefined;
  const trace = () => (found ??= traceOn(examined));
  return [bootstrapRung(trace), registeredRung(examined, trace)];
}

type TraceOf = () => Promise<Trace | undefined>;

const noTrace = { state: 'not applicable', says: `no client has left a trace in ${stateFile} or ${logFile}` } as const;

function bootstrapRung(traceOf: TraceOf): Rung {
  return {
    name: 'bootstrap',
    needs: ['store'],
    async probe() {
      const trace = await traceOf();
      if (!trace) return noTrace;
      if (trace.bootstrapped) return { state: 'ok', says: 'the device has an account of the LwM2M server' };
      if (trace.bootstrapped === undefined) {
        return { state: 'not applicable', says: "MBL's own client does not say how far it came" };
      }
      const says = `The device has got no account from the bootstrap server: ${trace.says}.`;
      const ended = trace.state === 'stopped' || trace.state === 'gone';
      return { state: 'broken', says, mend: ended ? restart : `${seeLog}; and who was refused: ${denials}` };
    },
  };
}

/** What the device's client says of its connection, and whether the service says the same. */
function registeredRung(examined: Examination, traceOf: TraceOf): Rung {
  return {
    name: 'registered',
    needs: ['store'],
    async probe() {
      const trace = await traceOf();
      if (!trace) return noTrace;
      if (trace.bootstrapped === false) return { state: 'not applicable', says: 'comes after bootstrap' };
      if (trace.state === 'gone') {
        const says = `The client of the device (process ${trace.pid}) has ended without a word.`;
        return { state: 'broken', says, mend: restart };
      }
      if (trace.state !== 'registered') {
        const says = `The client of the device is not registered: ${trace.says}.`;
        return { state: 'broken', says, mend: trace.state === 'stopped' ? restart : seeLog };
      }
      return (await otherwiseAtService(examined, trace)) ?? { state: 'ok', says: `device id ${trace.deviceId}` };
    },
  };
}

async function traceOn(examined: Examination): Promise<Trace | undefined> {
  const output = async (command: string) => {
    const result = await run(left(examined.connection), command, { signal: examined.signal });
    return succeeded(result) ? result.stdout.toString('utf8') : undefined;
  };
  const state = stateTrace((await output(`cat ${stateFile}`)) ?? '');
  if (state?.pid !== undefined && (await output(`test -d /proc/${state.pid}`)) === undefined) {
    return { ...state, state: 'gone' };
  }
  return state ?? logTrace((await output(`tail -n 400 ${logFile}`)) ?? '');
}

/** Only where an API key leads to a service: without one, the device's word is all there is. */
async function otherwiseAtService({ client }: Examination, { deviceId }: Trace): Promise<Finding | undefined> {
  if (!client || deviceId === undefined) return undefined;
  try {
    const { state } = await client.devices.get(deviceId);
    if (state === 'registered') return undefined;
    return {
      state: 'broken',
      says: `The device says that it is registered, and for the service the device ${deviceId} is ${state}.`,
      mend: `Its connection was lost; the client notices within minutes. ${restart}`,
    };
  } catch (error) {
    if (!isMooringError(error) || error.code !== 'rest.not.found') throw error;
    return {
      state: 'broken',
      says: `The service does not know the device ${deviceId}: it is registered in another account or with another service.`,
      mend: 'Use the API key of the account whose developer certificate the device has, or provision the device anew.',
    };
  }
}
