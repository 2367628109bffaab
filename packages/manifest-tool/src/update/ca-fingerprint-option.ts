import type { Option } from '@mooring/terminal';

export const caFingerprintOption: Option = {
  flags: ['--ca-fingerprint'],
  name: 'ca_fingerprint',
  metavar: 'SHA256',
  help: 'Trust only a service with this certificate in its chain; `mooring ca export` prints it.',
};
