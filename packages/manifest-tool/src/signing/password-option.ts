import type { Option } from '@mooring/terminal';

export const passwordVariable = 'MANIFEST_TOOL_KEY_PASSWORD';

export const passwordOption: Option = {
  flags: ['--password-file'],
  name: 'password_file',
  metavar: 'FILE',
  help: `For a private key that is protected by a password: the file whose first line it is. Without it the variable ${passwordVariable} is looked at, and on a terminal you are asked.`,
};
