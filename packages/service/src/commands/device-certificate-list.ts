import type { Command } from '@mooring/terminal';
import { folderOptions } from '../serve/settings-table.ts';

export const deviceCertificateList: Command = {
  name: 'device-certificate list',
  summary: 'Show the certificates of devices whose key is their own.',
  description:
    "Shows the certificates that the service issued for single devices ('mbl-cli provision-pelion --per-device-key' asks for them): id, endpoint name, SHA-256 fingerprint, day of issue.",
  options: folderOptions,
  examples: [{ run: 'mooring device-certificate list', does: 'one line for each' }],
  async run(context, values) {
    const { operate } = await import('../admin/reach.ts');
    const { output } = context;
    const { deviceCertificates } = await operate(context, values, 'device-certificate list', {});
    if (deviceCertificates.length === 0) output.note('No device has a certificate of its own.');
    const width = Math.max(0, ...deviceCertificates.map(({ endpointName }) => endpointName.length));
    for (const { id, endpointName, fingerprint, issuedAt } of deviceCertificates) {
      output.line(`${id}  ${endpointName.padEnd(width)}  ${fingerprint}  ${issuedAt.slice(0, 10)}`);
    }
    return { deviceCertificates };
  },
};
