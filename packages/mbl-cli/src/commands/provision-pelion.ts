import type { RestClient } from '@mooring/rest';
import { terminalErrors, type Values } from '@mooring/terminal';
import type { KeyChoice } from '../provisioning/device-items.ts';
import type { Service } from '../provisioning/plan.ts';
import type { Request } from '../provisioning/request.ts';
import type { Stores } from '../stores/stores.ts';
import { isForMany } from './many-devices-options.ts';
import type { Prepare } from './prepared.ts';
import { keyOptions, manyOptions } from './provision-options.ts';
import { command, type Session, text } from './session.ts';
import { serviceOption, withService } from './store-access.ts';

export const provisionPelion = command({
  name: 'provision-pelion',
  summary: 'Give the device a developer certificate and an update certificate.',
  description: `Puts both certificates into the secure storage of the device, which can then connect to Device Management. They are kept in the Team Store under their names, for use with other devices. All that can be checked beforehand is checked before anything is made or changed. If a step fails after the developer certificate was made, the message gives the command that goes on.\n\nWith '--all', '--match' or '--from' many devices are provisioned at once. What was done is kept in ~/.mbl-provisioned.jsonl: the same command, repeated after a failure or an interruption, leaves alone what was provisioned and says that it is configured.`,
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
    ...keyOptions,
    { flags: ['-q', '--quiet'], name: 'quiet_here', help: 'Do not show what the device says.' },
    ...manyOptions,
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
    {
      run: "mbl-cli provision-pelion my-cert my-update-cert --match 'mbed-linux-os-*' --jobs 16",
      does: 'provisions all devices of such names, sixteen at a time',
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
    const prepare = await preparing(session, values);
    const key = keyChoiceOf(values);
    if (!isForMany(values)) {
      const { provisionSelected } = await import('./provision-selected.ts');
      return provisionSelected(session, values, await prepare(), key);
    }
    const { provisionMany } = await import('./provision-many.ts');
    return provisionMany(session, values, prepare, key);
  },
});

async function preparing(session: Session, values: Values): Promise<Prepare> {
  const { openStores } = await import('../stores/stores.ts');
  const { makePlan } = await import('../provisioning/plan.ts');
  const { Supply } = await import('../provisioning/supply.ts');
  const stores = await openStores(session.home);
  const { team } = stores;
  const request = requestOf(session, values);
  const service = serviceFor(session, stores, values);
  const { output, cwd, signal, remark } = session;
  const announce = () =>
    output.line(
      'Developer certificate not found in the local store. Trying to find a certificate with the given name in Pelion Device Management',
    );
  return async (wasBegun) => {
    const plan = await makePlan(request, { team, service, cwd, announce, ...(wasBegun ? { wasBegun } : {}) });
    return { request, plan, team, service, supply: new Supply(request, plan, { team, service, signal, remark }) };
  };
}

function keyChoiceOf(values: Values): KeyChoice {
  const perDevice = values.per_device_key === true;
  const choice = {
    perDevice,
    allowShared: values.allow_shared_key === true,
    renew: values.renew_key === true,
    endpointName: text(values.endpoint_name),
  };
  if (perDevice || !(choice.allowShared || choice.renew || choice.endpointName !== undefined)) return choice;
  throw terminalErrors('usage', {
    message: "'--allow-shared-key', '--renew-key' and '--endpoint-name' go with '--per-device-key'.",
    exitCode: 2,
  });
}

function requestOf(session: Session, values: Values): Request {
  const { address, alias } = session.globals;
  const service = text(values.service);
  const endpointName = text(values.endpoint_name);
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
      ...(values.per_device_key === true ? ['--per-device-key'] : []),
      ...(endpointName === undefined ? [] : ['--endpoint-name', endpointName]),
      ...(values.renew_key === true ? ['--renew-key'] : []),
      ...(values.allow_shared_key === true ? ['--allow-shared-key'] : []),
    ],
  };
}

function serviceFor(session: Session, stores: Stores, values: Values): Service {
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
    deviceCertificates: {
      create: (request) => ask((client) => client.deviceCertificates.create(request)),
      find: (endpointName) => ask((client, { findDeviceCertificate }) => findDeviceCertificate(client, endpointName)),
    },
  };
}
