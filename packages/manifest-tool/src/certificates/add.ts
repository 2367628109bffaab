import { join, resolve } from 'node:path';
import { ensureDirectory, writeFileAtomic } from '@mooring/platform';
import type { CommandContext, Values } from '@mooring/terminal';
import { openArgument } from '../argument-file.ts';
import { certificateIn } from '../create/certificates.ts';
import { type logLevels, logOf } from '../log.ts';
import { projectFiles } from '../project-folder.ts';

/** @throws MooringError `create.certificate.*`, `manifest.argument`, `file.*` */
export async function addCertificate(context: CommandContext, values: Values): Promise<unknown> {
  const log = logOf(context.io, values.log_level as keyof typeof logLevels, 'manifesttool.cert');
  const given = await openArgument(context, 'manifest-tool cert add', '-c/--certificate', values.certificate as string);
  const certificate = certificateIn(given.data, given.file);
  const file = join(projectFiles.certificates, certificate.fingerprint);
  await ensureDirectory(resolve(context.cwd, projectFiles.certificates), 0o700);
  await writeFileAtomic(resolve(context.cwd, file), certificate.der);
  log.info(`Certificate written to ${file}`);
  return {
    fingerprint: certificate.fingerprint,
    subject: certificate.subjectText,
    notAfter: certificate.notAfter.toISOString(),
    file,
  };
}
