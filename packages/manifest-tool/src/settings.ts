import { manifestToolErrors } from './errors.ts';
import { projectFiles } from './project-folder.ts';

/** `.manifest_tool.json` as 1.4.8 writes it; which of the last keys there are tells how manifests are signed. */
export interface Settings {
  classId: string;
  vendorId: string;
  vendorDomain: string | null;
  modelName: string | null;
  deviceURNs: readonly string[];
  'default-certificates'?: readonly { file: string }[];
  'private-key'?: string;
  'psk-master-key'?: string;
  'signing-tool'?: string;
  'signing-key-id'?: string;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}

/** JSON as Python's `json.dumps(…, sort_keys=True, indent=4)` writes it: ASCII only, no final newline. */
export function pythonJson(value: unknown): string {
  return JSON.stringify(sorted(value), null, 4).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/**
 * The URNs of PSK devices that earlier runs recorded, which a new run of init carries over.
 *
 * @throws MooringError `manifest.settings.malformed`
 */
export function recordedUrns(text: string): string[] {
  const malformed = (reason: string) =>
    manifestToolErrors('manifest.settings.malformed', {
      message: `${projectFiles.settings} ${reason}; nothing was changed.`,
      next: 'Mend it or move it away, then repeat.',
      data: { path: projectFiles.settings },
    });
  let settings: unknown;
  try {
    settings = JSON.parse(text);
  } catch (error) {
    throw malformed(`is not JSON (${(error as Error).message})`);
  }
  if (typeof settings !== 'object' || settings === null || Array.isArray(settings)) {
    throw malformed('does not hold a JSON object');
  }
  const urns = (settings as Partial<Settings>).deviceURNs ?? [];
  if (!Array.isArray(urns) || !urns.every((urn) => typeof urn === 'string')) {
    throw malformed('has "deviceURNs" that are not a list of texts');
  }
  return urns;
}
