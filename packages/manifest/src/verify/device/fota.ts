import { Checks, type Verdict } from '../verdict.ts';
import { type FieldedDevice, type InstalledComponent, sameBytes } from './device.ts';
import { deltaFormat, digestSize, type FirmwareInfo } from './firmware-info.ts';
import { Crash, type FotaStatusName, fotaStatus, Refusal } from './fota-status.ts';
import { readManifestV1 } from './fota-v1.ts';
import { readManifestV3 } from './fota-v3.ts';

const unknown: Uint8Array = new Uint8Array(digestSize);

/** What comes after reading: is the component known, is the version newer, does the patch fit. */
function judgeState(info: FirmwareInfo, device: FieldedDevice, checks: Checks): void {
  if (!device.components) {
    checks.add('component', true, 'not judged: what the device runs is not known');
    return;
  }
  const name = info.componentName;
  const component: InstalledComponent | undefined = Object.hasOwn(device.components, name)
    ? device.components[name]
    : undefined;
  if (!component) throw new Refusal('UNEXPECTED_COMPONENT', 'component', `the device has no component "${name}"`);
  checks.add('component', true, name);
  if (info.version <= component.version) {
    throw new Refusal('MANIFEST_VERSION_REJECTED', 'version', `${info.version} is not above ${component.version}`);
  }
  checks.add('version', true, `${info.version} is above ${component.version}`);
  if (info.payloadFormat !== deltaFormat) return;
  if (device.build?.delta === false || component.delta === false) {
    throw new Refusal('MANIFEST_PAYLOAD_UNSUPPORTED', 'payload format', 'this component takes no patches');
  }
  if (!sameBytes(info.precursorDigest, component.digest ?? unknown)) {
    throw new Refusal(
      'MANIFEST_PRECURSOR_MISMATCH',
      'precursor',
      'the patch is for another image than the installed one',
    );
  }
  checks.add('precursor', true, 'the patch is for the installed image');
}

/**
 * The verdict of the FOTA client (4.8 and later, and client-lite), built for one of the schemas. As in its debug builds,
 * assertions are on: where they would stop the process, `crash` says so.
 */
export function judgeAsFota(schema: 1 | 3, bytes: Uint8Array, device: FieldedDevice): Verdict {
  const checks = new Checks();
  const refused = (code: FotaStatusName, field: string, detail: string): Verdict => {
    checks.add(field, false, detail);
    return { ok: false, code, status: fotaStatus[code], checks: checks.list };
  };
  if (bytes.length === 0) return refused('MANIFEST_MALFORMED', 'manifest', 'empty');
  try {
    const info = schema === 1 ? readManifestV1(bytes, device, checks) : readManifestV3(bytes, device, checks);
    judgeState(info, device, checks);
    return { ok: true, status: 0, checks: checks.list };
  } catch (error) {
    if (error instanceof Refusal) return refused(error.status, error.field, error.message);
    if (!(error instanceof Crash)) throw error;
    checks.add(error.field, false, error.message);
    return { ok: false, crash: error.signal, checks: checks.list };
  }
}
