import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { readFileIfExists, writeFileAtomic } from '@mooring/platform';
import type { CommandContext, Values } from '@mooring/terminal';
import { checkOutput } from '../argument-file.ts';
import { productionDays } from '../init/certificate-source.ts';
import { certificateWishes } from '../init/subject-questions.ts';
import { makeIdentity } from '../init/update-certificate.ts';
import { type logLevels, logOf } from '../log.ts';
import { writeOutput } from '../output-file.ts';

const command = 'manifest-tool cert create';

/** @throws MooringError `init.subject.invalid`, `init.validity.invalid`, `manifest.argument`, `file.*` */
export async function createCertificate(context: CommandContext, values: Values): Promise<unknown> {
  const text = (name: string) => values[name] as string | undefined;
  const log = logOf(context.io, values.log_level as keyof typeof logLevels, 'manifesttool.cert');
  const [keyFile, certificateFile] = [text('key_output') as string, text('output_file')];
  await checkOutput(context, command, '-K/--key-output', keyFile);
  await checkOutput(context, command, '-o/--output-file', certificateFile);
  const wishes = await certificateWishes(
    context,
    {
      country: text('country'),
      state: text('state'),
      locality: text('locality'),
      organization: text('organization'),
      commonName: text('common_name'),
      validDays: values.valid_time as number,
    },
    null,
    true,
  );
  const { identity, files } = makeIdentity(wishes, context.clock);
  const [key, certificate] = files;

  log.bareWarning('Certificates generated with this tool are self-signed and for testing only');
  if (wishes.days < productionDays) {
    log.bareWarning(
      `This certificate is valid for ${wishes.days} days. For production,use certificates with at least 10 years validity.`,
    );
  }
  // A key without its certificate would be worth nothing, and the old one may still be needed.
  const keyPath = resolve(context.cwd, keyFile);
  const before = await readFileIfExists(keyPath);
  await writeOutput(context, keyFile, key?.data ?? '', 0o600);
  try {
    await writeOutput(context, certificateFile, certificate?.data ?? '');
  } catch (error) {
    await (before ? writeFileAtomic(keyPath, before, 0o600) : rm(keyPath, { force: true })).catch(() => undefined);
    throw error;
  }
  const made = identity.certificate;
  return {
    fingerprint: made.fingerprint,
    subject: made.subjectText,
    notBefore: made.notBefore.toISOString(),
    notAfter: made.notAfter.toISOString(),
    privateKey: keyFile,
    ...(certificateFile === undefined || certificateFile === '-'
      ? { certificate: Buffer.from(made.der).toString('base64') }
      : { output: certificateFile }),
  };
}
