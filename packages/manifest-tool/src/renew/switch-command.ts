import type { Values } from '@mooring/terminal';
import { text } from '../create/fields.ts';
import type { ManifestInputs } from '../create/inputs.ts';

/** A word as a shell takes it. */
const word = (value: string): string =>
  /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;

/** The `init` that makes a project's manifests name the successor; its ids and the way it signs stay. */
export function switchCommand(
  inputs: ManifestInputs,
  values: Values,
  places: { certificate: string; key: string | undefined },
): string | undefined {
  const setting = (name: string) => text(name, inputs.top(name));
  const vendor = setting('vendorDomain') ?? setting('vendorId');
  const kind = setting('modelName') ?? setting('classId');
  const tool = setting('signing-tool');
  const key = places.key ?? (values.private_key as string | undefined) ?? setting('private-key');
  // Who signs with --signer goes on naming it; init has to be given some holder of the key.
  if (vendor === undefined || kind === undefined || (key === undefined && tool === undefined)) return undefined;
  const holder =
    places.key === undefined && tool !== undefined
      ? ['-s', tool, '--signing-key-id', setting('signing-key-id') ?? '']
      : ['-k', key ?? ''];
  return [
    'manifest-tool',
    'init',
    setting('vendorDomain') === undefined ? '-V' : '-d',
    vendor,
    setting('modelName') === undefined ? '-C' : '-m',
    kind,
    '-c',
    places.certificate,
    ...holder,
    '-f',
  ]
    .map(word)
    .join(' ');
}
