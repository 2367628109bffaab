import { type Static, Type } from 'typebox';
import { FineTime, Nullable, OneOf } from './fields.ts';

const count = (description: string) => Type.Integer({ description, minimum: 0 });

const clientWord = OneOf(
  ['mbl', 'pelion', 'mooring', 'unknown'],
  "What the device runs: `mbl`, the daemon of Mbed Linux OS, which takes no update after the end of its certificate; `pelion`, Pelion's newer client; `mooring`, which still takes the successor that its certificate has signed.",
);

const ForecastHorizon = Type.Object({
  days: Type.Integer({ description: 'Days from now.' }),
  at: FineTime('The day.'),
  device_count: count('Devices whose update certificate will have ended by then.'),
  stranded_count: count('Those of them that are MBL daemons: nothing can be installed on them any more.'),
});

const ForecastCertificate = Type.Object({
  certificate_fingerprint: Nullable(
    Type.String({ description: 'SHA-256 of the certificate, hex; null where a device told its end alone.' }),
  ),
  validity: FineTime('Its end.'),
  client: clientWord,
  device_count: count('Devices that have it.'),
});

export const UpdateForecast = Type.Object(
  {
    object: Type.String({ description: 'Always `update-forecast`.' }),
    device_count: count('Devices that take updates.'),
    unknown_count: count('Those of them of whose certificate nothing is known yet.'),
    horizons: Type.Array(ForecastHorizon, { description: 'Today, and 30, 60, 90, 180, 270 and 365 days ahead.' }),
    certificates: Type.Array(ForecastCertificate, {
      description: 'Certificates that end within 365 days or have ended, the next first; at most 1000.',
    }),
    created_at: FineTime('Of these numbers.'),
  },
  { $id: 'UpdateForecast' },
);
export type UpdateForecast = Static<typeof UpdateForecast>;

export const UpdateForecastDevice = Type.Object(
  {
    object: Type.String({ description: 'Always `update-forecast-device`.' }),
    id: Type.String({ description: 'The device.' }),
    name: Type.String({ description: 'Its name in the directory.' }),
    client: clientWord,
    certificate_fingerprint: Nullable(Type.String({ description: 'SHA-256 of its update certificate, hex.' })),
    validity: FineTime('The end of that.'),
    source: Nullable(
      OneOf(
        ['device', 'manifest'],
        'How that is known: `device` told it; it took a `manifest` that was signed with it.',
      ),
    ),
  },
  { $id: 'UpdateForecastDevice' },
);
export type UpdateForecastDevice = Static<typeof UpdateForecastDevice>;
