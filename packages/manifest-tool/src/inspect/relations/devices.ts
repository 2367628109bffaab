import { type Judge, type Verdict, verifyManifest } from '@mooring/manifest';
import type { Finding } from '../finding.ts';
import type { ReadItem } from '../item.ts';

interface Answer {
  client: string;
  verdict: Verdict;
}

/** What each client that reads this schema says, with its compile-time defaults. */
function answersOf(item: ReadItem, manifest: NonNullable<ReadItem['manifest']>, now: Date): Answer[] {
  const { device } = item;
  if (!device) return [];
  const { bytes, decoded } = manifest;
  const clients = decoded.schema === 'v1' ? (['hub', 'fota-v1'] as const) : (['fota-v3'] as const);
  const judges: [string, Judge][] = [
    ...clients.map((client): [string, Judge] => [
      client === 'hub' ? 'the client before FOTA' : `the FOTA client for schema ${client.slice(-2)}`,
      { mode: 'device', client, device },
    ]),
    ['Mooring', { mode: 'strict', ...device, time: { at: now, source: 'the clock of this machine' } }],
  ];
  return judges.map(([client, judge]) => ({ client, verdict: verifyManifest(bytes, judge) }));
}

/** `MANIFEST_WRONG_CLASS_ID (-31), class id: … is not the id of the device` */
function reasonOf({ code, status, crash, checks }: Verdict): string {
  const failed = checks.findLast(({ ok }) => !ok);
  const what = failed ? `${failed.name}: ${failed.detail.replace(/\.$/, '')}` : '';
  const name = crash ? `it would die of ${crash}` : code === undefined ? '' : `${code} (${status})`;
  return [name, what].filter(Boolean).join(', ');
}

function finding(item: ReadItem, file: string, answers: readonly Answer[]): Finding {
  const refusing = answers.filter(({ verdict }) => !verdict.ok);
  const taking = answers.filter(({ verdict }) => verdict.ok).map(({ client }) => client);
  const more = refusing.map(({ client, verdict }) => `${client}: ${reasonOf(verdict)}`);
  const head = `a device made from ${item.file}`;
  const data = {
    clients: answers.map(({ client, verdict }) => ({
      client,
      accepts: verdict.ok,
      ...(verdict.code === undefined ? {} : { code: verdict.code, status: verdict.status }),
      ...(verdict.ok ? {} : { reason: reasonOf(verdict) }),
    })),
  };
  const base = { code: 'manifest.device', files: [file, item.file], data } as const;
  if (refusing.length === 0) return { weight: 'fits', ...base, text: `${head} takes ${file}, whatever its client` };
  if (taking.length === 0) return { weight: 'problem', ...base, text: `${head} refuses ${file}`, more };
  return { weight: 'warning', ...base, text: `${head} takes ${file} with ${taking.join(' and ')}, but not with`, more };
}

/** What devices that are made from the C files and settings here say to the manifests here. */
export function deviceFindings(items: readonly ReadItem[], now: Date): Finding[] {
  return items.flatMap((item) =>
    (item.device?.certificates.length ?? 0) === 0
      ? []
      : items.flatMap(({ file, manifest }) => (manifest ? [finding(item, file, answersOf(item, manifest, now))] : [])),
  );
}
