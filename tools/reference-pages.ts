// The reference pages by file name, each made from the objects that the programs themselves use.
import { globSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ErrorCodes } from '@mooring/platform';
import { commandReference, type Program } from '@mooring/terminal';

const root = dirname(import.meta.dirname);
const load = (file: string): Promise<Record<string, unknown>> => import(pathToFileURL(join(root, file)).href);

interface Family {
  codes: ErrorCodes;
}

const isFamily = (value: unknown): value is Family =>
  typeof value === 'function' && typeof (value as Partial<Family>).codes === 'object';

/** All error codes of all packages: every exported family in a file named errors.ts or …-errors.ts. */
export async function errorCodes(): Promise<Map<string, { meaning: string; owner: string }>> {
  const found = new Map<string, { meaning: string; owner: string }>();
  for (const file of globSync('packages/*/src/**/{errors,*-errors,errors-*}.ts', { cwd: root }).sort()) {
    for (const family of Object.values(await load(file)).filter(isFamily)) {
      for (const [code, meaning] of Object.entries(family.codes)) {
        const owner = file.split('/')[1] as string;
        const other = found.get(code);
        if (other && other.meaning !== meaning) throw new Error(`${code} is declared by ${other.owner} and ${owner}`);
        found.set(code, { meaning, owner });
      }
    }
  }
  return found;
}

async function errorPage(): Promise<string> {
  const codes = [...(await errorCodes())].sort(([a], [b]) => (a < b ? -1 : 1));
  const rows = codes.map(
    ([code, { meaning, owner }]) => `| \`${code}\` | ${meaning.replaceAll('|', '\\|')} | ${owner} |`,
  );
  return `# Error codes

<!-- Made by \`npm run docs\`; do not edit. -->

An expected failure has a code that stays the same from release to release; it stands in \`error.code\` of \`--json\`. The
sentence beside it may be worded anew at any time.

| code | meaning | package |
|---|---|---|
${rows.join('\n')}
`;
}

async function findingsPage(): Promise<string> {
  const { findingCodes } = (await load('packages/manifest-tool/src/inspect/finding.ts')) as {
    findingCodes: Readonly<Record<string, string>>;
  };
  const rows = Object.entries(findingCodes).map(([code, meaning]) => `| \`${code}\` | ${meaning} |`);
  return `# Findings of manifest-tool inspect

<!-- Made by \`npm run docs\`; do not edit. -->

\`manifest-tool inspect --json\` has its findings in \`findings\` of each file and in \`relations\`, which are about several files.
A finding has a \`code\` that stays the same from release to release, a \`weight\`, the \`files\` that it is about, and a sentence,
which may be worded anew at any time.

| weight | what follows |
|---|---|
| \`fits\` | nothing: what was compared goes together |
| \`note\` | something to know |
| \`warning\` | something to do before long, such as a certificate that ends within a year |
| \`problem\` | something is wrong; \`inspect\` ends with status 1 |

| code | meaning |
|---|---|
${rows.join('\n')}
`;
}

export async function pages(): Promise<Map<string, string>> {
  const made = new Map<string, string>();
  for (const [name, file] of [
    ['mooring', 'packages/service/src/program.ts'],
    ['mbl-cli', 'packages/mbl-cli/src/program.ts'],
    ['manifest-tool', 'packages/manifest-tool/src/program.ts'],
    ['manifest-dev-tool', 'packages/manifest-tool/src/dev-tool/program.ts'],
    ['manifest-delta-tool', 'packages/manifest-tool/src/delta-tool/program.ts'],
    ['manifest-package-tool', 'packages/manifest-tool/src/package-tool/program.ts'],
    ['mbl-cloud-client', 'packages/device/src/cloud-client/command.ts'],
    ['mbl-firmware-update-manager', 'packages/device/src/updates/local/program.ts'],
  ] as const) {
    made.set(`commands/${name}.md`, commandReference((await load(file)).program as Program));
  }
  const second = await load('packages/manifest-tool/src/program-2x.ts');
  made.set('commands/manifest-tool-2x.md', commandReference(second.manifestTool2x as Program));
  const utility = (await load('packages/device/src/provisioning/reference.ts')) as { reference(): string };
  made.set('commands/pelion-provisioning-util.md', utility.reference());
  made.set('errors.md', await errorPage());
  made.set('findings.md', await findingsPage());
  const settings = (await load('packages/service/src/serve/reference.ts')) as { configurationReference(): string };
  made.set('configuration.md', settings.configurationReference());
  const rest = (await load('packages/service/src/http/reference.ts')) as { restReference(): Promise<string> };
  made.set('rest.md', await rest.restReference());
  return made;
}
