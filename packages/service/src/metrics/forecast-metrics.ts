import type { Forecast } from '../updates/forecast/forecast.ts';
import { type Family, single } from './exposition.ts';

/** Which devices lose updates, as `/v3/update-forecast` counts them. */
export const forecastFamilies = ({ horizons, unknown }: Pick<Forecast, 'horizons' | 'unknown'>): Family[] => [
  {
    name: 'mooring_devices_losing_updates',
    help: 'Devices whose update certificate ends within so many days or has ended; those of client mbl take nothing after it.',
    type: 'gauge',
    samples: horizons.flatMap(({ days, devices, stranded }) => [
      { labels: { days: String(days), client: 'mbl' }, value: stranded },
      { labels: { days: String(days), client: 'other' }, value: devices - stranded },
    ]),
  },
  single('gauge', 'mooring_devices_update_end_unknown', 'Devices whose update certificate is not known.', unknown),
];
