import type { Program } from '@mooring/terminal';
import { deleteCertificate } from './commands/delete-certificate.ts';
import { doctor } from './commands/doctor.ts';
import { forget } from './commands/forget.ts';
import { get } from './commands/get.ts';
import { getPelionStatus } from './commands/get-pelion-status.ts';
import { list } from './commands/list.ts';
import { listCertificates } from './commands/list-certificates.ts';
import { migrateCheck } from './commands/migrate-check.ts';
import { migrateCopy } from './commands/migrate-copy.ts';
import { provisionPelion } from './commands/provision-pelion.ts';
import { put } from './commands/put.ts';
import { saveApiKey } from './commands/save-api-key.ts';
import { select } from './commands/select.ts';
import { shell } from './commands/shell.ts';
import { storeCheck } from './commands/store-check.ts';
import { storeMove } from './commands/store-move.ts';
import { storeShare } from './commands/store-share.ts';
import { update } from './commands/update.ts';
import { which } from './commands/which.ts';
import { failureText } from './doctor/failed-rung.ts';
import { version } from './version.ts';

export const program: Program = {
  name: 'mbl-cli',
  version,
  versionFlags: ['-V', '--version'],
  versionLast: true,
  summary: `Finds Mbed Linux OS devices, copies files, opens shells and provisions devices for Device Management.\nPart of Mooring; takes the place of version ${version} of the program of the same name.`,
  groups: [
    { title: 'find a device and select it', commands: [list, select, which, forget] },
    { title: 'copy files', commands: [get, put] },
    { title: 'work on the device', commands: [shell, update] },
    {
      title: 'provision the device for Device Management',
      commands: [saveApiKey, provisionPelion, getPelionStatus, listCertificates, deleteCertificate],
    },
    { title: 'look after the Team Store', commands: [storeCheck, storeShare, storeMove] },
    { title: 'find out what is wrong', commands: [doctor] },
    { title: 'come from another service', commands: [migrateCheck, migrateCopy] },
  ],
  options: [
    {
      flags: ['-a', '--address'],
      name: 'address',
      metavar: 'ADDRESS',
      help: 'The device to work with, instead of the selected one: an IP address or host name, with a port as in 192.0.2.1:2222 or [fe80::1%eth0]:2222.',
    },
    {
      flags: ['-c', '--config-hostname'],
      name: 'config_hostname',
      metavar: 'CONFIG_HOSTNAME',
      help: "The host of ~/.ssh/config whose HostName, Port, User, keys and ProxyJump or ProxyCommand are used; 'mbl-device' if not given.",
    },
    {
      flags: ['--accept-new-host-key'],
      name: 'accept_new_host_key',
      help: 'Take a changed SSH host key for the new one of the device, once.',
    },
    {
      flags: ['--password-file'],
      name: 'password_file',
      metavar: 'FILE',
      help: "Log in on the device with the password in the first line of this file; '-' is standard input.",
    },
    {
      flags: ['-v', '--verbose'],
      name: 'verbose',
      help: 'Show on standard error what is done, and what lies under a failure.',
    },
    { flags: ['-q', '--quiet'], name: 'quiet', help: 'Do not show what commands on the device say.' },
  ],
  failureExit: 255,
  formatFailure: failureText,
  usageErrors: 'line',
  interrupted: { text: 'User quit.', exitCode: 255 },
};
