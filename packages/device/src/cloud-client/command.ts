import { resolve } from 'node:path';
import type { Command, Program } from '@mooring/terminal';
import packageFile from '../../package.json' with { type: 'json' };
import { keyForms } from '../secure-storage/key-choice.ts';

/** EX_CONFIG of sysexits.h: systemd does not start the client again for it; provisioning does. */
const unfit = 78;

const run: Command = {
  name: 'run',
  summary: 'Connect, and go on until SIGTERM.',
  description:
    'Bootstraps where the device has no account yet, registers with the LwM2M server, answers it, and comes back after whatever happens. SIGTERM and SIGINT deregister and end; SIGHUP opens the log anew.',
  options: [
    {
      flags: ['--store'],
      name: 'store',
      metavar: 'DIR',
      help: 'Folder of the secure storage; $MOORING_STORE_DIR, else /config/user/mooring.',
    },
    {
      flags: ['--key'],
      name: 'key',
      metavar: 'KIND',
      help: `What keeps the key of the secure storage: ${keyForms}; $MOORING_STORE_KEY, else what it was written with.`,
    },
    {
      flags: ['--key-file'],
      name: 'keyFile',
      metavar: 'FILE',
      help: 'The key file; $MOORING_STORE_KEY_FILE, else the storage folder with .key added.',
    },
    {
      flags: ['--log'],
      name: 'log',
      metavar: 'FILE',
      help: 'The log; $MOORING_CLIENT_LOG, else /var/log/mbl-cloud-client.log. "-" writes to standard error alone.',
    },
    { flags: ['--debug'], name: 'debug', help: 'Log more.' },
    {
      flags: ['--state-file'],
      name: 'stateFile',
      metavar: 'FILE',
      help: 'How the client is, as JSON; $MOORING_CLIENT_STATE, else /run/mbl-cloud-client/state.json.',
    },
    {
      flags: ['--socket'],
      name: 'socket',
      metavar: 'FILE',
      help: 'Where applications add resources; $MOORING_CLIENT_SOCKET, else /run/mbl-cloud-client/resources.sock. "-" for none.',
    },
    {
      flags: ['--lifetime'],
      name: 'lifetime',
      metavar: 'SECONDS',
      kind: 'integer',
      default: 600,
      help: 'Of the registration, unless the service says otherwise.',
    },
  ],
  examples: [{ run: 'mbl-cloud-client run --log - --debug', does: 'in a terminal, to see what it does' }],
  exitCodes: { [unfit]: 'the device is not provisioned, or not fit to connect' },
  async run(context, values) {
    const { env, cwd } = context.io;
    const { runDaemon } = await import('./daemon.ts');
    const place = (name: string, variable: string, fallback: string): string | undefined => {
      const given = (values[name] as string | undefined) ?? (env[variable] || fallback);
      return given === '-' ? undefined : resolve(cwd, given);
    };
    const folder = place('store', 'MOORING_STORE_DIR', '/config/user/mooring') ?? '/config/user/mooring';
    const keyFile = (values.keyFile as string | undefined) ?? (env.MOORING_STORE_KEY_FILE || undefined);
    return runDaemon({
      context,
      folder,
      key: (values.key as string | undefined) ?? (env.MOORING_STORE_KEY || undefined),
      keyFile: keyFile === undefined ? undefined : resolve(cwd, keyFile),
      log: place('log', 'MOORING_CLIENT_LOG', '/var/log/mbl-cloud-client.log'),
      stateFile: place('stateFile', 'MOORING_CLIENT_STATE', '/run/mbl-cloud-client/state.json'),
      socket: place('socket', 'MOORING_CLIENT_SOCKET', '/run/mbl-cloud-client/resources.sock'),
      debug: values.debug === true,
      lifetime: Number(values.lifetime),
      version: `mooring-${packageFile.version}`,
      unfit,
    });
  },
};

export const program: Program = {
  name: 'mbl-cloud-client',
  version: packageFile.version,
  summary:
    'Connects the device that it runs on to its Device Management service, with the credentials of the secure storage.',
  groups: [{ title: 'Commands', commands: [run] }],
  failureExit: 1,
  usageErrors: 'line',
};
