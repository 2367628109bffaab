import type { Values } from '@mooring/terminal';
import type { DeviceWork, Outcome } from '../provisioning/bench.ts';
import type { KeyChoice } from '../provisioning/device-items.ts';
import type { Journal } from '../provisioning/journal.ts';
import { counted, failureJson, jobsOf, sentenceOf, targetsOf, usage } from './many-devices.ts';
import { certificatesOf, type Prepare, type Prepared } from './prepared.ts';
import type { Session } from './session.ts';

/**
 * Provisions many devices at once, with a line for each and one for all. What was done is kept in the journal, so that the
 * same command goes on where an earlier one ended.
 */
export async function provisionMany(
  session: Session,
  values: Values,
  prepare: Prepare,
  key: KeyChoice,
): Promise<unknown> {
  const { workOnAll } = await import('../provisioning/bench.ts');
  const { Journal } = await import('../provisioning/journal.ts');
  const { setFor } = await import('../provisioning/device-items.ts');
  const jobs = jobsOf(values);
  if (session.globals.address) {
    throw usage("'-a' names one device, and '--all', '--match' and '--from' are for many.");
  }
  if (key.endpointName !== undefined) throw usage("'--endpoint-name' is for one device.");
  const { output, signal } = session;
  const journal = await Journal.open(session.home);
  try {
    const prepared = await prepare((developer, update) => journal.knows(setFor({ developer, update }, key)));
    const targets = await targetsOf(session, values);
    const start = performance.now();
    output.line(`Provisioning ${counted(targets.length)} with ${certificatesOf(prepared)}, ${jobs} at a time.`);
    const width = String(targets.length).length;
    const outcomes = await workOnAll(targets, await workOn(session, values, prepared, journal, key), {
      jobs,
      signal,
      ended: (outcome, count) =>
        output.line(`[${String(count).padStart(width)}/${targets.length}] ${outcomeLine(outcome)}`),
      hopeless: () => prepared.supply.failure,
    }).catch((error: unknown) => {
      throw prepared.supply.withWayOn(error);
    });
    return report(session, prepared, journal, outcomes, (performance.now() - start) / 1_000);
  } finally {
    await journal.close();
  }
}

async function workOn(
  session: Session,
  values: Values,
  { plan, supply, service }: Prepared,
  journal: Journal,
  key: KeyChoice,
): Promise<DeviceWork> {
  const { deviceWork } = await import('../provisioning/device-work.ts');
  // Several at once cannot ask for passwords.
  const way = { ...(await session.login()), ask: undefined };
  const { home, clock, signal, remark, output } = session;
  const wipe = values.wipe === true ? true : values.no_wipe === true ? false : undefined;
  return deviceWork(
    plan,
    supply,
    journal,
    service,
    { again: values.again === true, wipe, key },
    {
      home,
      clock,
      signal,
      remark,
      warn: (line) => output.note(line),
      onDevice: (target, work) => session.onDevice(work, target, way),
    },
  );
}

function outcomeLine({ target, state, seconds, error, remark }: Outcome): string {
  const address = target.name === target.host ? '' : ` (${target.host})`;
  const time = `${seconds.toFixed(1)} s`;
  const what = {
    provisioned: `provisioned in ${time}`,
    kept: 'nothing to do',
    failed: `FAILED after ${time}`,
  }[state];
  return [`${target.name}${address}: ${what}`, ...(remark ? [remark] : []), ...(error ? [sentenceOf(error)] : [])].join(
    '; ',
  );
}

function report(
  { output, exit }: Session,
  { request, team }: Prepared,
  journal: Journal,
  outcomes: readonly Outcome[],
  seconds: number,
): unknown {
  const count = (state: Outcome['state']) => outcomes.filter((outcome) => outcome.state === state).length;
  const total = {
    devices: outcomes.length,
    provisioned: count('provisioned'),
    kept: count('kept'),
    failed: count('failed'),
  };
  const kept = total.kept > 0 ? `, ${total.kept} had it already` : '';
  output.line();
  output.line(
    `${counted(total.devices)}: ${total.provisioned} provisioned${kept}, ${total.failed} failed, in ${seconds.toFixed(1)} s.`,
  );
  if (total.failed > 0) {
    exit(255);
    output.line("The same command without '-c' tries those that failed again, and leaves the others as they are.");
  }
  return {
    devices: outcomes.map(({ target, state, error, remark, endpointName, ...outcome }) => ({
      name: target.name,
      address: target.host,
      port: target.port,
      state,
      seconds: Math.round(outcome.seconds * 1_000) / 1_000,
      ...(endpointName === undefined ? {} : { endpointName }),
      ...(remark === undefined ? {} : { remark }),
      ...(error === undefined ? {} : { error: failureJson(error) }),
    })),
    total: { ...total, seconds: Math.round(seconds * 1_000) / 1_000 },
    developerCertificate: { name: request.developer, folder: team.folderOf(request.developer) },
    updateCertificate: { name: request.update, folder: team.folderOf(request.update) },
    journal: journal.path,
  };
}
