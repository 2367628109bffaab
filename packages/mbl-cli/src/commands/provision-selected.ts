import type { Values } from '@mooring/terminal';
import type { KeyChoice } from '../provisioning/device-items.ts';
import type { EarlierClient } from '../provisioning/earlier-client.ts';
import type { Journal } from '../provisioning/journal.ts';
import type { provisionOne } from '../provisioning/provision.ts';
import type { Supplied } from '../provisioning/supply.ts';
import type { Connection } from '../ssh/connection.ts';
import type { Target } from '../ssh/target.ts';
import { certificatesOf, type Prepared } from './prepared.ts';
import type { Session } from './session.ts';

/** The journal knows whose certificate a key of a device's own replaces. */
async function itemsWith(session: Session, { service }: Prepared, key: KeyChoice, journal: Journal | undefined) {
  const { itemsFor, setFor } = await import('../provisioning/device-items.ts');
  return async (connection: Connection, supplied: Supplied) => {
    const { target, hostKey } = connection;
    const earlier = journal?.endpointOf(target.name, hostKey);
    const given = await itemsFor(connection, supplied, key, service.deviceCertificates, earlier, session.signal);
    const at = session.clock.now().toISOString();
    const set = setFor(supplied, key);
    if (given.own) await journal?.write({ at, set, device: target.name, hostKey, state: 'started', ...given.own });
    return given;
  };
}

/** Provisions the one device that is meant by `-a`, `-c` or selection. */
export async function provisionSelected(
  session: Session,
  values: Values,
  prepared: Prepared,
  key: KeyChoice,
): Promise<unknown> {
  if (!key.perDevice) return provisionWith(session, values, prepared, key, undefined);
  const { Journal } = await import('../provisioning/journal.ts');
  const journal = await Journal.open(session.home);
  try {
    return await provisionWith(session, values, prepared, key, journal);
  } finally {
    await journal.close();
  }
}

async function provisionWith(
  session: Session,
  values: Values,
  prepared: Prepared,
  key: KeyChoice,
  journal: Journal | undefined,
): Promise<unknown> {
  const { provisionOne } = await import('../provisioning/provision.ts');
  const itemsOf = await itemsWith(session, prepared, key, journal);
  const { output, io } = session;
  const quiet = session.globals.quiet || values.quiet_here === true || session.json;
  return session.onDevice(async (connection) => {
    const done = await provisionOne(connection, prepared.supply, itemsOf, {
      anew: (work) => session.onDevice(work, connection.target),
      signal: session.signal,
      onStdout: (chunk) => void (quiet || io.stdout.write(chunk)),
      onStderr: (chunk) => void (quiet || io.stderr.write(chunk)),
      warn: (line) => output.note(line),
      wipe: (earlier) => wipeOf(session, values, earlier),
      remark: session.remark,
    });
    return report(session, prepared, done, connection.target);
  });
}

/** The options decide, else a person; without either the client keeps what it has, and that is said. */
async function wipeOf(
  { prompt, json, output }: Session,
  values: Values,
  { bootstrapped, folder }: EarlierClient,
): Promise<boolean> {
  if (values.wipe === true) return true;
  if (!bootstrapped || values.no_wipe === true) return false;
  const said = `This device was connected before: in ${folder}, MBL's own client has an account that an earlier service gave it, and will go on to register there.`;
  if (json || !prompt.interactive) {
    output.note(`Warning: ${said} '--wipe' takes it away.`);
    return false;
  }
  output.line(said);
  return /^y(es)?$/i.test((await prompt.ask('Take it away, with its idea of the time? [y/N] ')).trim());
}

async function report(
  { output }: Session,
  { request, plan, team }: Prepared,
  { supplied, given, output: said, cleaned, earlierClient }: Awaited<ReturnType<typeof provisionOne>>,
  target: Target,
): Promise<unknown> {
  const { describeTarget } = await import('../ssh/target.ts');
  const name = request.developer;
  if (supplied.stored === 'replaced') {
    output.line(
      `The update certificate '${request.update}' in the Team Store was replaced by that of ${request.updateFile}.`,
    );
  }
  output.line(`Provisioned ${describeTarget(target)} with ${certificatesOf({ request, plan })}.`);
  if (given.remark) output.line(`${given.remark[0]?.toUpperCase()}${given.remark.slice(1)}.`);
  if (earlierClient?.wiped) output.line(`What MBL's own client had in ${earlierClient.folder} is gone.`);
  output.line(`Both are in the Team Store ${team.folder}.`);
  return {
    device: { name: target.name, address: target.host, port: target.port },
    developerCertificate: { name, id: supplied.id, from: plan.developer.from, folder: team.folderOf(name) },
    updateCertificate: { name: request.update, stored: supplied.stored, folder: team.folderOf(request.update) },
    ...(given.own && { deviceCertificate: given.own }),
    output: said,
    ...(earlierClient && { earlierClient }),
    cleaned,
  };
}
