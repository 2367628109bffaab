import type { Values } from '@mooring/terminal';
import { type Outcome, workOnAll } from '../provisioning/bench.ts';
import type { Target } from '../ssh/target.ts';
import { type Updated, updateDevice } from '../updating/update-device.ts';
import { counted, failureJson, jobsOf, sentenceOf, targetsOf, usage } from './many-devices.ts';
import type { Session } from './session.ts';
import { filesOf, jsonOf, updateOptionsOf } from './update-selected.ts';

/** Updates many devices at once, with a line for each and one for all. */
export async function updateMany(session: Session, values: Values): Promise<unknown> {
  const { output, signal } = session;
  const jobs = jobsOf(values);
  if (session.globals.address) throw usage("'-a' names one device, and '--all', '--match' and '--from' are for many.");
  const files = await filesOf(session, values);
  const options = updateOptionsOf(values);
  const targets = await targetsOf(session, values);
  // Several at once cannot ask for passwords.
  const way = { ...(await session.login()), ask: undefined };
  const start = performance.now();
  const results = new Map<Target, Updated>();
  output.line(
    `Updating ${counted(targets.length)} with ${files.map(({ name }) => name).join(', ')}, ${jobs} at a time.`,
  );
  const width = String(targets.length).length;
  const outcomes = await workOnAll<'updated'>(
    targets,
    async (target) => {
      const updated = await updateDevice(target, files, options, {
        signal,
        onDevice: (work, device) => session.onDevice(work, device, way),
        progress: () => undefined,
        say: (line) => session.remark(`${target.name}: ${line}`),
      });
      results.set(target, updated);
      const waits = updated.installed.some(({ restart }) => restart === 'waits');
      return { state: 'updated', ...(waits ? { remark: 'it has to restart before all of it runs' } : {}) };
    },
    {
      jobs,
      signal,
      ended: (outcome, count) =>
        output.line(`[${String(count).padStart(width)}/${targets.length}] ${outcomeLine(outcome)}`),
      hopeless: () => undefined,
    },
  );
  return report(session, outcomes, results, (performance.now() - start) / 1_000);
}

function outcomeLine({ target, state, seconds, error, remark }: Outcome<'updated'>): string {
  const address = target.name === target.host ? '' : ` (${target.host})`;
  const what = state === 'failed' ? 'FAILED after' : 'updated in';
  return [
    `${target.name}${address}: ${what} ${seconds.toFixed(1)} s`,
    ...(remark ? [remark] : []),
    ...(error ? [sentenceOf(error)] : []),
  ].join('; ');
}

function report(
  { output, exit }: Session,
  outcomes: readonly Outcome<'updated'>[],
  results: ReadonlyMap<Target, Updated>,
  seconds: number,
): unknown {
  const failed = outcomes.filter(({ state }) => state === 'failed').length;
  const total = { devices: outcomes.length, updated: outcomes.length - failed, failed };
  output.line();
  output.line(`${counted(total.devices)}: ${total.updated} updated, ${failed} failed, in ${seconds.toFixed(1)} s.`);
  if (failed > 0) exit(255);
  return {
    devices: outcomes.map(({ target, state, seconds: took, error }) => {
      const updated = results.get(target);
      return {
        name: target.name,
        address: target.host,
        port: target.port,
        state,
        seconds: Math.round(took * 1_000) / 1_000,
        ...(updated && state === 'updated' ? jsonOf(updated) : {}),
        ...(error === undefined ? {} : { error: failureJson(error) }),
      };
    }),
    total: { ...total, seconds: Math.round(seconds * 1_000) / 1_000 },
  };
}
