import type { ManifestV3, SignedResourceV1, SignedResourceV3 } from '@mooring/manifest';
import { type Tree, treeOfV1 } from '../parse/tree.ts';
import { dumpYaml, type YamlValue } from '../python/yaml.ts';

const optional = (name: string, value: Tree | undefined) => (value === undefined ? {} : { [name]: value });

const manifest = (found: ManifestV3): Tree => ({
  'vendor-id': found.vendorId,
  'class-id': found.classId,
  'update-priority': found.updatePriority,
  'component-name': found.componentName,
  'payload-version': found.payloadVersion,
  'payload-digest': found.payloadDigest,
  'payload-size': found.payloadSize,
  'payload-uri': found.payloadUri,
  'payload-format': found.payloadFormat,
  'installed-signature': found.installedSignature,
  ...optional(
    'payload-metadata',
    found.payloadMetadata && {
      'installed-size': found.payloadMetadata.installedSize,
      'installed-digest': found.payloadMetadata.installedDigest,
      ...optional('precursor-digest', found.payloadMetadata.precursorDigest),
    },
  ),
  ...optional('vendor-data', found.vendorData),
});

const treeOfV3 = (signed: SignedResourceV3): Tree => ({
  'manifest-version': signed.manifestVersion,
  manifest: manifest(signed.manifest),
  signature: signed.signature,
});

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** As a text where the bytes happen to be one, else as hex: 2.6.2's rule, which shows some digests as texts. */
function textOf(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    return Buffer.from(bytes).toString('hex');
  }
}

function yamlOf(tree: Tree): YamlValue {
  if (tree instanceof Uint8Array) return textOf(tree);
  if (Array.isArray(tree)) return (tree as readonly Tree[]).map(yamlOf);
  if (typeof tree !== 'object' || tree === null) return tree as YamlValue;
  return Object.fromEntries(Object.entries(tree as Record<string, Tree>).map(([name, inner]) => [name, yamlOf(inner)]));
}

/** For `--json`: octet strings always as hex, integers beyond JavaScript's as texts. */
export function plainOf(tree: Tree): unknown {
  if (tree instanceof Uint8Array) return Buffer.from(tree).toString('hex');
  if (typeof tree === 'bigint') return String(tree);
  if (Array.isArray(tree)) return (tree as readonly Tree[]).map(plainOf);
  if (typeof tree !== 'object' || tree === null) return tree;
  return Object.fromEntries(
    Object.entries(tree as Record<string, Tree>).map(([name, inner]) => [name, plainOf(inner)]),
  );
}

export type AnyManifest = { schema: 'v1'; value: SignedResourceV1 } | { schema: 'v3'; value: SignedResourceV3 };

export const treeOf = (found: AnyManifest): Tree =>
  found.schema === 'v1' ? treeOfV1(found.value) : treeOfV3(found.value);

/** The dump of 2.6.2's `parse`. */
export const dumpOf = (found: AnyManifest): string => dumpYaml(yamlOf(treeOf(found)) as Record<string, YamlValue>);
