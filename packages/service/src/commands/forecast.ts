import type { Command } from '@mooring/terminal';
import { folderOptions } from '../serve/settings-table.ts';

export const forecast: Command = {
  name: 'forecast',
  summary: 'Show how many devices lose updates when, because their update certificate ends.',
  description:
    "Counts by what devices have told of their update certificate, and by the manifests that they took. Daemons of Mbed Linux OS are counted apart: after the end of their certificate nothing can be installed on them, while Mooring's own client still takes its successor. What is to be done in time is in 'manifest-tool cert renew'.",
  options: folderOptions,
  examples: [{ run: 'mooring forecast', does: 'today, and 30 to 365 days ahead' }],
  async run(context, values) {
    const { operate } = await import('../admin/reach.ts');
    const { output } = context;
    const forecast = await operate(context, values, 'forecast', {});
    output.line('days  by          devices  of them lost for good');
    for (const { days, at, device_count, stranded_count } of forecast.horizons) {
      output.line(
        `${String(days).padStart(4)}  ${at.slice(0, 10)}  ${String(device_count).padStart(7)}  ${String(stranded_count).padStart(21)}`,
      );
    }
    for (const { certificate_fingerprint, validity, client, device_count } of forecast.certificates) {
      output.line(
        `${validity.slice(0, 10)}  ${client.padEnd(7)}  ${device_count} devices  ${certificate_fingerprint ?? '–'}`,
      );
    }
    if (forecast.unknown_count > 0) {
      output.note(
        `Of ${forecast.unknown_count} of ${forecast.device_count} devices nothing is known yet: they have told nothing, and taken no manifest.`,
      );
    }
    return forecast;
  },
};
