import type { Runs, SkipReason } from '../campaigns/device-machine.ts';
import type { FirmwareManifest } from '../manifests/manifest.ts';
import type { UpdateFacts } from './update-facts.ts';

/** As much of a manifest as decides for whom it is. */
export type DeliveredManifest = Pick<
  FirmwareManifest,
  | 'schema_version'
  | 'device_class'
  | 'device_vendor'
  | 'component'
  | 'payload_version'
  | 'installed_digest'
  | 'precursor_digest'
>;

export type Judgement =
  | { readonly kind: 'deliver' }
  | { readonly kind: 'current' }
  | { readonly kind: 'skip'; readonly reason: SkipReason; readonly detail: string };

const skip = (reason: SkipReason, detail: string): Judgement => ({ kind: 'skip', reason, detail });

const plain = (uuid: string | null): string | undefined => uuid?.replaceAll('-', '');

/** Whether a device runs what a manifest brings. */
export function runsOf(manifest: DeliveredManifest, facts: UpdateFacts): Runs {
  if (manifest.schema_version === '3') {
    const version = facts.components.find(({ name }) => name === manifest.component)?.version;
    return version === undefined ? 'unknown' : version === manifest.payload_version ? 'new' : 'other';
  }
  if (facts.digest !== undefined && manifest.installed_digest !== null) {
    return facts.digest === manifest.installed_digest ? 'new' : 'other';
  }
  if (facts.version === undefined) return 'unknown';
  return facts.version === manifest.payload_version ? 'new' : 'other';
}

/** Whether a device gets a manifest: everything that it would refuse for certain is not sent to it. */
export function judge(manifest: DeliveredManifest, facts: UpdateFacts): Judgement {
  const { schema_version: schema } = manifest;
  if (!facts.takesManifests) return skip('not-updatable', 'it has no resource for manifests (/10252/0/1)');
  if (facts.schemas.length > 0 && !facts.schemas.includes(schema)) {
    return skip(
      'schema',
      `it takes schema ${facts.schemas.join(' and ')} only, and the manifest is of schema ${schema}`,
    );
  }
  for (const [what, own, wanted] of [
    ['vendor', facts.vendor, plain(manifest.device_vendor)],
    ['class', facts.class, plain(manifest.device_class)],
  ] as const) {
    if (own !== undefined && wanted !== undefined && own !== wanted) {
      return skip('identity', `its ${what} is ${own}, and the manifest is for ${wanted}`);
    }
  }
  const { components } = facts;
  if (schema === '3' && components.length > 0 && !components.some(({ name }) => name === manifest.component)) {
    const names = components.map(({ name }) => name).join(', ');
    return skip('component', `it has ${names}, and the manifest is for ${manifest.component}`);
  }
  if (runsOf(manifest, facts) === 'new') return { kind: 'current' };
  if (schema === '1' && manifest.precursor_digest !== null && facts.digest !== undefined) {
    if (facts.digest !== manifest.precursor_digest) {
      return skip('precursor', `it runs ${facts.digest}, and the delta is for ${manifest.precursor_digest}`);
    }
  }
  return { kind: 'deliver' };
}
