import type { MooringError } from '@mooring/platform';
import { credentialFiles, type Group } from './credential-files.ts';
import { errorFindings } from './findings.ts';

/** Lines of the old utility that scripts read, "opened" without a space before it too. */
const unopened = (path: string) => `File with path ${path}could not be opened`;
const unparsed: Record<Group, string> = {
  developer: 'There was an error parsing the dev credentials files',
  update: 'There was an error parsing the Update Credentials files',
};
const unstored: Record<Group, string> = {
  developer: 'Developer Certificate Provisioning failed.',
  update: 'Update Certificate Provisioning failed.',
};
const errorStatus = (text: string) => `Error status is: ${text}:`;

interface ProblemData {
  readonly text: string;
  readonly item: string;
  readonly group: Group;
  readonly file: string;
  readonly reason: string;
}

/** What `--provision` writes to standard error for a failure: the old lines, then what we can say besides. */
export function provisioningFailure(error: MooringError): string[] {
  return [...oldLines(error), error.message, ...details(error), ...(error.next ? [error.next] : [])];
}

function oldLines({ code, data }: MooringError): string[] {
  if (code === 'provisioning.files.missing') {
    const { folder, files } = data as { folder: string; files: readonly string[] };
    const missing = credentialFiles(folder).filter(({ path }) => files.includes(path));
    return (['developer', 'update'] as const).flatMap((group) => {
      const paths = missing.filter((file) => file.group === group).map(({ path }) => path);
      return paths.length > 0 ? [...paths.map(unopened), unparsed[group]] : [];
    });
  }
  if (code === 'provisioning.credentials.invalid') {
    const { problems } = data as { problems: readonly ProblemData[] };
    const group = problems.some((problem) => problem.group === 'developer') ? 'developer' : 'update';
    return [...problems.map(({ text }) => errorStatus(text.slice(0, text.indexOf(':')))), unstored[group]];
  }
  const { text } = code === 'provisioning.key.unknown' ? errorFindings.keyMismatch : errorFindings.storage;
  return [errorStatus(text), unstored.developer];
}

function details({ code, data }: MooringError): string[] {
  if (code !== 'provisioning.credentials.invalid') return [];
  const { problems } = data as { problems: readonly ProblemData[] };
  return problems.map(({ file, item, reason }) => `${file} (${item}): ${reason}`);
}
