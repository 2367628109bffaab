import { stat, statfs } from 'node:fs/promises';
import { type CertificateEnding, certificateEndings } from '../certificates/endings.ts';
import type { Domain } from '../storage/context.ts';
import { updateForecast } from '../updates/forecast/forecast.ts';
import { type Family, type Sample, single } from './exposition.ts';
import { forecastFamilies } from './forecast-metrics.ts';

const day = 24 * 60 * 60 * 1000;

async function sizeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.size;
}

async function diskOf(folder: string): Promise<{ free: number; size: number } | undefined> {
  const disk = await statfs(folder).catch(() => undefined);
  // What this user may still write, which is less than what is free.
  return disk && { free: disk.bavail * disk.bsize, size: disk.blocks * disk.bsize };
}

async function storageFamilies({ storage }: Domain): Promise<Family[]> {
  const disk = await diskOf(storage.folder);
  return [
    single('gauge', 'mooring_database_size_bytes', 'Size of the database file.', await sizeOf(storage.file)),
    single(
      'gauge',
      'mooring_database_wal_size_bytes',
      "Size of the database's write-ahead log.",
      await sizeOf(`${storage.file}-wal`),
    ),
    single('gauge', 'mooring_disk_free_bytes', 'What can still be written to the disk of the data folder.', disk?.free),
    single('gauge', 'mooring_disk_size_bytes', 'Size of the disk of the data folder.', disk?.size),
  ];
}

async function countFamilies({ storage: { db } }: Domain): Promise<Family[]> {
  const count = async (
    table: 'audit_records' | 'revocations' | 'devices' | 'registrations' | 'device_events' | 'denials',
  ) => {
    const { rows } = await db
      .selectFrom(table)
      .select(({ fn }) => fn.countAll<number>().as('rows'))
      .executeTakeFirstOrThrow();
    return Number(rows);
  };
  const keys = await db
    .selectFrom('api_keys')
    .select(({ fn }) => ['status', fn.countAll<number>().as('rows')])
    .groupBy('status')
    .execute();
  const certificates = await db
    .selectFrom('trusted_certificates')
    .select(({ fn }) => ['status', 'device_execution_mode', fn.countAll<number>().as('rows')])
    .groupBy(['status', 'device_execution_mode'])
    .execute();
  const statuses = ['ACTIVE', 'INACTIVE'];
  const keySamples: Sample[] = statuses.map((status) => ({
    labels: { status },
    value: Number(keys.find((row) => row.status === status)?.rows ?? 0),
  }));
  const certificateSamples: Sample[] = [1, 0].flatMap((mode) =>
    statuses.map((status) => ({
      labels: { kind: mode === 1 ? 'developer' : 'uploaded', status },
      value: Number(certificates.find((row) => row.status === status && row.device_execution_mode === mode)?.rows ?? 0),
    })),
  );
  return [
    { name: 'mooring_api_keys', help: 'API keys.', type: 'gauge', samples: keySamples },
    {
      name: 'mooring_trusted_certificates',
      help: 'Certificates whose devices are let in.',
      type: 'gauge',
      samples: certificateSamples,
    },
    single(
      'gauge',
      'mooring_revoked_certificates',
      'Developer certificates that were revoked.',
      await count('revocations'),
    ),
    single('gauge', 'mooring_devices', 'Devices in the directory.', await count('devices')),
    single(
      'gauge',
      'mooring_devices_registered',
      'Devices with a registration that is not over, connected or not.',
      await count('registrations'),
    ),
    single('gauge', 'mooring_directory_events', 'Device events that are kept.', await count('device_events')),
    single('gauge', 'mooring_denials', 'Records of devices that were not let in.', await count('denials')),
    single('gauge', 'mooring_audit_records', 'Audit records that are kept.', await count('audit_records')),
  ];
}

function endingFamilies(endings: readonly CertificateEnding[], now: number): Family[] {
  const labelled = (value: (ending: CertificateEnding) => number): Sample[] =>
    endings.map((ending) => ({ labels: { use: ending.use, name: ending.name }, value: value(ending) }));
  return [
    {
      name: 'mooring_certificate_not_after_seconds',
      help: 'When a certificate ends, since 1970; of trusted certificates the hundred that end first.',
      type: 'gauge',
      samples: labelled(({ notAfter }) => notAfter.getTime() / 1000),
    },
    {
      name: 'mooring_certificate_days_left',
      help: 'Days until a certificate ends, negative where it has ended.',
      type: 'gauge',
      samples: labelled(({ notAfter }) => Math.round(((notAfter.getTime() - now) / day) * 100) / 100),
    },
  ];
}

/** What the database and its disk hold, counted now. @param shown the certificate that HTTPS shows, if it does */
export async function serviceFamilies(
  domain: Domain,
  accountId: string,
  shown: CertificateEnding | undefined,
): Promise<Family[]> {
  const endings = await certificateEndings(domain, accountId);
  return [
    ...(await countFamilies(domain)),
    ...forecastFamilies(await updateForecast(domain, { accountId })),
    ...(await storageFamilies(domain)),
    ...endingFamilies(shown ? [shown, ...endings] : endings, domain.clock.now().getTime()),
  ];
}
