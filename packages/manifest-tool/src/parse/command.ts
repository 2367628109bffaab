import type { Command } from '@mooring/terminal';
import { acceptLikeOption } from '../accept-like.ts';
import { generationOption } from '../generation.ts';

export const twoParses = `There are two commands of this name. The arguments tell which is meant: with a file as an argument of its own, or with -c, -p or -k, it is that of manifest-tool 2.6.2 (schemas v1 and v3, as YAML, with a check of the signature); with -i, -o, -j or -e, or without any, it is that of manifest-tool 1.4.8 (schema v1, as JSON). A command line with arguments of both is refused. \`--generation 1\` or \`--generation 2\` decides in any case; \`manifest-tool parse --generation 2 -h\` explains the other one.`;

export const parseCommand: Command = {
  name: 'parse',
  summary: 'Show a manifest: as JSON (schema v1), or with the file as an argument as YAML (v1 and v3).',
  description: `Writes a manifest of schema v1 as JSON, with the names of its schema.

${twoParses}

Octet strings are hexadecimal, ids are UUIDs, enumerations are numbers; what is empty or absent is left out. Nothing is checked but the form: \`manifest-tool verify\` says whether a device would take it. What is no manifest, is damaged, or goes on after its end is refused with exit status 1.`,
  options: [
    { flags: ['-j', '--pretty-json'], name: 'pretty_json', help: 'Write JSON over several lines, indented by four.' },
    {
      flags: ['-e', '--encoding'],
      name: 'encoding',
      metavar: '{der}',
      choices: ['der'],
      default: 'der',
      help: 'The encoding of the manifest.',
    },
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
      help: 'Where to write the JSON; - or nothing is standard output.',
    },
    acceptLikeOption('1.4.8', 'bytes after the end of the manifest are left out of account'),
    generationOption,
  ],
  examples: [
    { run: 'manifest-tool parse -ji fw.manifest', does: 'shows a manifest of schema v1' },
    { run: 'manifest-tool parse fw.manifest -c update.der', does: 'shows one of any schema and checks its signature' },
  ],
  async run(context, values) {
    const { parse } = await import('./parse.ts');
    return await parse(context, values);
  },
};
