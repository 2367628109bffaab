import type { Command } from '@mooring/terminal';
import { folderOptions } from '../serve/settings-table.ts';

export const deviceCertificateRevoke: Command = {
  name: 'device-certificate revoke',
  summary: 'End the certificate of one device, which can bootstrap with it no longer.',
  description:
    'The endpoint name is free for another key from then on. What the device has got from its bootstrap is good until the device is suspended or deleted in the device directory.',
  positionals: [
    {
      name: 'certificate',
      metavar: 'NAME-OR-ID',
      help: 'Endpoint name of the device, or id or fingerprint of its certificate.',
    },
  ],
  options: folderOptions,
  examples: [{ run: 'mooring device-certificate revoke mbed-linux-os-17', does: 'for a board that was lost' }],
  async run(context, values) {
    const { operate } = await import('../admin/reach.ts');
    const certificate = String(values.certificate);
    const revoked = await operate(context, values, 'device-certificate revoke', { certificate });
    context.output.line(`The certificate of "${revoked.endpointName}" (${revoked.id}) is revoked.`);
    return revoked;
  },
};
