import type { Command } from '@mooring/terminal';
import { projectFiles } from '../project-folder.ts';
import { verifyOptions } from './options.ts';

export const verifyCommand: Command = {
  name: 'verify',
  summary: 'Check a manifest of schema v1 as a device of this project would.',
  description: `Checks a manifest of schema v1 and writes a line for each check: form, version, encryption mode, ids, hash, every signature, nonce, payload, timestamp, apply period. Ends with status 0 if all are well, and with 1 at the first that is not.

Ids are compared with -V and -C, else with ${projectFiles.settings}. A signature is checked with the certificate whose fingerprint the manifest names: from the folder of -d, where \`manifest-tool cert add\` puts them, or from the default-certificates of ${projectFiles.settings}. A certificate that has expired is told of; which devices mind is not known.

Where manifest-tool 1.4.8 named a fault and still ended with status 0 (a timestamp in the future or before 2017), or did not look (bytes after the end, encryption modes that speak of no signature), this one refuses; --accept-like 1.4.8 is for scripts that depend on it.

Manifests of schema v3 are checked by \`manifest-tool parse MANIFEST\` with -k, -c or -p.`,
  options: [
    ...verifyOptions,
    {
      flags: ['-i', '--input-file'],
      name: 'input_file',
      metavar: 'FILE',
      help: 'The manifest; - or nothing is standard input.',
    },
    {
      flags: ['-o', '--output-file'],
      name: 'output_file',
      metavar: 'FILE',
      hidden: true,
      help: 'Nothing was ever written there but an empty file, and nothing is.',
    },
  ],
  examples: [
    { run: 'manifest-tool verify -i fw.manifest', does: 'checks with the ids and certificates of this project' },
    {
      run: 'manifest-tool verify -i fw.manifest -d certificates -V fa6b4a53-d5ad-5fdf-be9d-e663e4d41ffe',
      does: 'checks with certificates and a vendor id of yours',
    },
  ],
  async run(context, values) {
    const { openArgument } = await import('../argument-file.ts');
    const { logOf } = await import('../log.ts');
    const { verifyOptionsOf } = await import('./options.ts');
    const { verifyManifest } = await import('./verify.ts');
    const log = logOf(context.io, values.log_level as 'info', 'manifesttool.v1.verify');
    const file = (values.input_file as string | undefined) ?? '-';
    const { data } = await openArgument(context, 'manifest-tool verify', '-i/--input-file', file);
    const { proof } = await verifyManifest(context, data, verifyOptionsOf(values), log);
    return { ok: true, ...proof };
  },
};
