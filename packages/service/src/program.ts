import type { Program } from '@mooring/terminal';
import packageFile from '../package.json' with { type: 'json' };
import { accountSet, accountShow } from './commands/account.ts';
import { apiKeyCreate } from './commands/api-key-create.ts';
import { apiKeyList } from './commands/api-key-list.ts';
import { apiKeyRevoke } from './commands/api-key-revoke.ts';
import { backup } from './commands/backup.ts';
import { caExport } from './commands/ca-export.ts';
import { caList } from './commands/ca-list.ts';
import { caRollover } from './commands/ca-rollover.ts';
import { deviceCertificateList } from './commands/device-certificate-list.ts';
import { deviceCertificateRevoke } from './commands/device-certificate-revoke.ts';
import { forecast } from './commands/forecast.ts';
import { payloadCreate } from './commands/payload-create.ts';
import { portalLink } from './commands/portal-link.ts';
import { restore } from './commands/restore.ts';
import { serve } from './commands/serve.ts';
import { simulate } from './commands/simulate.ts';
import { userCreate, userList, userReset } from './commands/user.ts';

export const program: Program = {
  name: 'mooring',
  version: packageFile.version,
  summary: 'The Device Management service, and what its operator does with it.',
  groups: [
    { title: 'Service', commands: [serve] },
    { title: 'Account', commands: [accountShow, accountSet, apiKeyCreate, apiKeyList, apiKeyRevoke] },
    { title: 'Portal', commands: [portalLink, userList, userCreate, userReset] },
    { title: 'Certificate authorities', commands: [caList, caExport, caRollover] },
    { title: 'Updates', commands: [payloadCreate, forecast] },
    { title: 'Devices with a key of their own', commands: [deviceCertificateList, deviceCertificateRevoke] },
    { title: 'Safety', commands: [backup, restore] },
    { title: 'Trial', commands: [simulate] },
  ],
  failureExit: 1,
  usageErrors: 'line',
};
