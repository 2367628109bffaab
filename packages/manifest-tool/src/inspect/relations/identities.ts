import { formatUuid } from '@mooring/credentials';
import { successorFiles } from '../../renew/successor-files.ts';
import type { Finding } from '../finding.ts';
import type { DeviceIdentity, ReadItem } from '../item.ts';

type Identified = ReadItem & { device: DeviceIdentity };

const isSettings = ({ kind }: ReadItem): boolean => kind === 'settings' || kind === 'dev-settings';
const isSuccessor = ({ file }: ReadItem): boolean => file.endsWith(successorFiles.resources);

function differences(one: Identified, other: Identified, withCertificate: boolean): string[] {
  const differs: string[] = [];
  for (const [name, field] of [
    ['vendor id', 'vendorId'],
    ['class id', 'classId'],
  ] as const) {
    const [a, b] = [one.device[field], other.device[field]];
    if (Buffer.compare(a, b) !== 0) differs.push(`another ${name} (${formatUuid(a)} and ${formatUuid(b)})`);
  }
  const [a, b] = [one, other].map(({ device }) => device.certificates[0]?.fingerprint);
  if (withCertificate && a !== undefined && b !== undefined && a !== b) {
    differs.push(`another certificate (${a.slice(0, 16)}… and ${b.slice(0, 16)}…)`);
  }
  return differs;
}

/** In one folder manifests are made by the settings, and devices by the C file: they have to say the same. */
function drift(settings: Identified, resources: Identified): Finding {
  const differs = differences(settings, resources, !isSuccessor(resources));
  const files = [settings.file, resources.file];
  if (differs.length === 0) {
    const text = `${settings.file} and ${resources.file} ${isSuccessor(resources) ? 'are for the same devices' : 'say the same'}`;
    return { weight: 'fits', code: 'settings.drift', files, text };
  }
  return {
    weight: 'problem',
    code: 'settings.drift',
    files,
    text: `${settings.file} and ${resources.file} have drifted apart: ${differs.join(', ')}. Devices made from the one refuse manifests made by the other`,
  };
}

/** Whether what makes devices and what makes manifests are for the same devices. */
export function identityFindings(items: readonly ReadItem[]): Finding[] {
  const identified = items.filter((item): item is Identified => item.device !== undefined);
  return identified.flatMap((one, index) =>
    identified.slice(index + 1).flatMap((other): Finding[] => {
      const together = one.folder !== undefined && one.folder === other.folder;
      if (together && isSettings(one) !== isSettings(other)) {
        // A project may hold both generations; each C file belongs to the settings of its own.
        const [settings, resources] = isSettings(one) ? [one, other] : [other, one];
        const isOfDevTool = resources.details.generation === 2;
        if ((settings.kind === 'dev-settings') !== isOfDevTool) return [];
        return [drift(settings, resources)];
      }
      if (together) return [];
      const differs = differences(one, other, false);
      if (differs.length === 0) return [];
      const text = `${one.file} and ${other.file} are for different devices: ${differs.join(', ')}`;
      return [{ weight: 'warning', code: 'ids.differ', files: [one.file, other.file], text }];
    }),
  );
}
