import type { RestClient } from '@mooring/rest';
import { terminalErrors } from '@mooring/terminal';
import type { EarlierClient } from '../provisioning/earlier-client.ts';
import type { Plan, Service } from '../provisioning/plan.ts';
import type { Provisioned } from '../provisioning/provision.ts';
import type { Request } from '../provisioning/request.ts';
import type { Target } from '../ssh/target.ts';
import type { Stores } from '../stores/stores.ts';
import { command, type Session, text } from './session.ts';
import { serviceOption, withService } from './store-access.ts';

export const provisionPelion = command({
  name: 'provision-pelion',
  summary: 'Give the device a developer certificate and an update certificate.',
  description: `Puts both certificates into the secure storage of the device, which can then connect to Device Management. They are kept in the Team Store under their names, for use with other devices. All that can be checked beforehand is checked before anything is made or changed. If a step fails after the developer certificate was made, the message gives the command that goes on.`,
  positionals: [
    {
      name: 'dev_cert_name',
      help: "Name of the developer certificate. Without '-c' it is taken from the Team Store, else from the service.",
    },
    { name: 'update_cert_name', help: "Name of the update certificate. Without '-p' it is taken from the Team Store." },
  ],
  options: [
    {
      flags: ['-p', '--parse-update-cert'],
      name: 'update_cert_path',
      metavar: 'CERT_PATH',
      help: 'Take the update certificate from the file update_default_resources.c that manifest-tool made, and store it under its name. A stored update certificate of that name is replaced.',
    },
    {
      flags: ['-c', '--create-dev-cert'],
      name: 'create_dev_cert',
      help: 'Have the service make the developer certificate, and store it.',
    },
    {
      flags: ['--wipe'],
      name: 'wipe',
      help: "If MBL's own client was on the device before, take from it the account that an earlier service gave it, and its time. Otherwise it goes on to register there.",
    },
    { flags: ['--no-wipe'], name: 'no_wipe', help: "Leave what MBL's own client has, without asking." },
    { flags: ['-q', '--quiet'], name: 'quiet_here', help: 'Do not show what the device says.' },
    serviceOption,
  ],
  examples: [
    {
      run: 'mbl-cli provision-pelion my-cert my-update-cert -c -p update_default_resources.c',
      does: 'makes both and provisions the selected device',
    },
    {
      run: 'mbl-cli -a 192.0.2.7 provision-pelion my-cert my-update-cert',
      does: 'provisions another device with the same certificates',
    },
  ],
  exitCodes: { 'any other': 'that of the provisioning program on the device, 127 if it is missing' },
  async run(session, values) {
    if (values.wipe === true && values.no_wipe === true) {
      throw terminalErrors('usage', {
        message: 'Give --wipe or --no-wipe, not both.',
        next: "'mbl-cli provision-pelion --help' explains more.",
        exitCode: 2,
      });
    }
    const { openStores } = await import('../stores/stores.ts');
    const { makePlan } = await import('../provisioning/plan.ts');
    const { carryOut } = await import('../provisioning/provision.ts');
    const stores = await openStores(session.home);
    const request = requestOf(session, values);
    const service = serviceFor(session, stores, values);
    const { output } = session;
    const plan = await makePlan(request, {
      team: stores.team,
      service,
      cwd: session.cwd,
      announce: () =>
        output.line(
          'Developer certificate not found in the local store. Trying to find a certificate with the given name in Pelion Device Management',
        ),
    });
    const quiet = session.globals.quiet || values.quiet_here === true || session.json;
    return session.onDevice(async (connection) => {
      const done = await carryOut(request, plan, {
        team: stores.team,
        service,
        connection,
        anew: (work) => session.onDevice(work, connection.target),
        signal: session.signal,
        onStdout: (chunk) => void (quiet || session.io.stdout.write(chunk)),
        onStderr: (chunk) => void (quiet || session.io.stderr.write(chunk)),
        warn: (line) => output.note(line),
        wipe: (earlier) => wipeOf(session, values, earlier),
        remark: session.remark,
      });
      return report(session, stores, request, plan, done, connection.target);
    });
  },
});

/** The options decide, else a person; without either the client keeps what it has, and that is said. */
async function wipeOf(
  { prompt, json, output }: Session,
  values: Readonly<Record<string, unknown>>,
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

function requestOf(session: Session, values: Readonly<Record<string, unknown>>): Request {
  const { address, alias } = session.globals;
  const service = text(values.service);
  return {
    developer: String(values.dev_cert_name),
    update: String(values.update_cert_name),
    create: values.create_dev_cert === true,
    updateFile: text(values.update_cert_path),
    deviceOptions: [...(address ? ['-a', address] : []), ...(alias ? ['-c', alias] : [])],
    serviceOptions: [
      ...(service ? ['--service', service] : []),
      ...(values.wipe === true ? ['--wipe'] : []),
      ...(values.no_wipe === true ? ['--no-wipe'] : []),
    ],
  };
}

function serviceFor(session: Session, stores: Stores, values: Readonly<Record<string, unknown>>): Service {
  const ask = async <T>(
    work: (client: RestClient, certificates: typeof import('../cloud/certificates.ts')) => Promise<T>,
  ): Promise<T> => {
    const certificates = await import('../cloud/certificates.ts');
    return withService(session, stores, values, (client) => work(client, certificates));
  };
  return {
    exists: (name) => ask(async (client, { findCertificate }) => (await findCertificate(client, name)) !== undefined),
    fetch: (name) => ask((client, { fetchDeveloperCertificate }) => fetchDeveloperCertificate(client, name)),
    create: (name) => ask((client, { createDeveloperCertificate }) => createDeveloperCertificate(client, name)),
  };
}

async function report(
  { output }: Session,
  { team }: Stores,
  request: Request,
  plan: Plan,
  done: Provisioned,
  target: Target,
): Promise<unknown> {
  const { describeTarget } = await import('../ssh/target.ts');
  const { developer, update } = done;
  if (update.stored === 'replaced') {
    output.line(
      `The update certificate '${update.name}' in the Team Store was replaced by that of ${request.updateFile}.`,
    );
  }
  const origin = { create: 'made in the service', service: 'fetched from the service', store: 'from the Team Store' };
  output.line(
    `Provisioned ${describeTarget(target)} with the developer certificate '${developer.name}' (${origin[developer.from]}) and the update certificate '${update.name}' (${plan.update.from === 'file' ? `from ${request.updateFile}` : 'from the Team Store'}).`,
  );
  if (done.earlierClient?.wiped) output.line(`What MBL's own client had in ${done.earlierClient.folder} is gone.`);
  output.line(`Both are in the Team Store ${team.folder}.`);
  return {
    device: { name: target.name, address: target.host, port: target.port },
    developerCertificate: { ...developer, folder: team.folderOf(developer.name) },
    updateCertificate: { ...update, folder: team.folderOf(update.name) },
    output: done.output,
    ...(done.earlierClient && { earlierClient: done.earlierClient }),
    cleaned: done.cleaned,
  };
}
