import type { Program } from '@mooring/terminal';
import packageFile from '../../../package.json' with { type: 'json' };
import { activate } from './activate-command.ts';
import { recover } from './recover-command.ts';
import { status } from './status-command.ts';
import { update } from './update-command.ts';

export const program: Program = {
  name: 'mbl-firmware-update-manager',
  version: packageFile.version,
  summary: 'Installs update payloads on the device that it runs on.',
  groups: [{ title: 'Commands', commands: [update, status, recover, activate] }],
  failureExit: 1,
  usageErrors: 'line',
};
