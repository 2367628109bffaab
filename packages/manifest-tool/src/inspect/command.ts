import type { Command } from '@mooring/terminal';

export const inspectCommand: Command = {
  name: 'inspect',
  summary: 'Show what files are, who can verify whom, and what does not fit together.',
  description: `Shows anything that this program, the other manifest tools or a device developer may have in hand, whatever it is called: manifests of schema v1 and v3 (as DER, hexadecimal digits or C array), certificates, keys, update_default_resources.c of both generations, developer credentials, deltas with the .yaml file beside them, combined packages, images of firmware, and folders of settings (of \`manifest-tool init\` or \`manifest-dev-tool init\`; the current one if nothing is named) with all files that belong to them. Secrets are never shown.

For each of them there are ids, fingerprints, sizes, and validity with the days that are left, and what is wrong with it in itself. Then comes how they go together: which certificate or key verifies which manifest; what devices that are made from the C files and settings here say to the manifests here, by the rules of each client; which file is the payload, the installed image or the one before it; what a delta makes; which key is that of which certificate; whether settings and C file have drifted apart.

Lines begin with fits, note, warning or PROBLEM. With a problem the status is 1. --json has a stable code for each.`,
  positionals: [
    { name: 'files', metavar: 'FILE', count: '*', help: 'Files and settings folders; - is standard input.' },
  ],
  examples: [
    { run: 'manifest-tool inspect', does: 'shows the settings of this folder and whether all of it fits together' },
    {
      run: 'manifest-tool inspect fw.manifest fw.bin .',
      does: 'would devices of this project take this manifest for this image?',
    },
    { run: 'manifest-tool inspect old.bin new.bin fw.delta', does: 'applies the delta and compares what comes of it' },
    {
      run: 'manifest-tool inspect update.der --json | jq .files[0].daysLeft',
      does: 'gives the days that a certificate is still valid',
    },
  ],
  exitCodes: { 1: 'something is damaged, has expired or does not fit together; all of it is shown all the same' },
  async run(context, values) {
    const { inspect } = await import('./inspect.ts');
    return await inspect(context, values);
  },
};
