import type { Name } from '@mooring/pki';
import type { CommandContext } from '@mooring/terminal';
import type { Log } from '../log.ts';
import { type NewFile, type ProjectFolder, projectFiles } from '../project-folder.ts';
import { warnOfEnd } from '../validity/warn-of-end.ts';
import type { OpenedFiles } from './arguments.ts';
import type { InitOptions } from './options.ts';
import { checkAgreement } from './resources.ts';
import { type CertificateOptions, certificateWishes } from './subject-questions.ts';
import type { Trust } from './trust.ts';
import {
  copiesOfOldPair,
  givenIdentity,
  keptIdentity,
  makeIdentity,
  type UpdateIdentity,
} from './update-certificate.ts';

const day = 86_400_000;
/** Below this many days 1.4.8 warns: ten years. */
export const productionDays = 10 * 365.25;

function given(opened: OpenedFiles, keyId: string | undefined): UpdateIdentity | undefined {
  const { certificate, privateKey, signingTool } = opened;
  if (!certificate) return undefined;
  return givenIdentity({
    certificate,
    ...(privateKey ? { privateKey } : {}),
    ...(signingTool ? { signingTool: { file: signingTool.file, keyId: keyId ?? '' } } : {}),
  });
}

async function warnOfReadableKey(folder: ProjectFolder, log: Log): Promise<void> {
  const mode = (await folder.mode(projectFiles.privateKey)) ?? 0;
  if ((mode & 0o007) === 0) return;
  log.warning(
    `Every user of this machine can read ${projectFiles.privateKey} (mode ${mode.toString(8)}): chmod 600 ${projectFiles.privateKey}`,
  );
}

/** A repeated call with the options that made the certificate says nothing new; other options would go unheard. */
function warnOfUnusedWishes({ certificate, source }: UpdateIdentity, options: CertificateOptions, log: Log): void {
  const { validDays, ...names } = options;
  const unheard = Object.entries(names).some(
    ([field, value]) => value !== undefined && value !== (certificate.subject[field as keyof Name] ?? ''),
  );
  const days = Math.round((certificate.notAfter.getTime() - certificate.notBefore.getTime()) / day);
  if (!unheard && (validDays === undefined || validDays === days)) return;
  log.warning(
    `Validity and subject are those of the certificate that exists (${certificate.subjectText}, ${days} days); the options for a new one were not used. ${
      source === 'kept' ? '-f makes a new one.' : ''
    }`.trim(),
  );
}

function trustIn(identity: UpdateIdentity, files: NewFile[], copies: NewFile[]): Trust {
  const { certificate, certificateFile, privateKeyFile, signingTool } = identity;
  const kept =
    copies.length > 0 ? [`The files that were there before are kept as ${pathsOf(copies).join(' and ')}`] : [];
  return {
    settings: {
      'default-certificates': [{ file: certificateFile }],
      ...(signingTool ? { 'signing-tool': signingTool.file, 'signing-key-id': signingTool.keyId } : {}),
      ...(privateKeyFile === undefined ? {} : { 'private-key': privateKeyFile }),
    },
    urns: [],
    resources: { certificate },
    files,
    copies,
    done:
      identity.source === 'made'
        ? [`Certificate written to ${certificateFile}`, `Private key written to ${privateKeyFile}`, ...kept]
        : [],
    result: {
      certificate: {
        source: identity.source,
        file: certificateFile,
        fingerprint: certificate.fingerprint,
        subject: certificate.subjectText,
        notBefore: certificate.notBefore.toISOString(),
        notAfter: certificate.notAfter.toISOString(),
        subjectKeyIdentifier: Buffer.from(certificate.subjectKeyIdentifier ?? []).toString('hex') || null,
      },
      ...(privateKeyFile === undefined ? {} : { privateKey: privateKeyFile }),
      ...(signingTool ? { signingTool } : {}),
    },
  };
}

const pathsOf = (files: readonly NewFile[]): string[] => files.map((file) => file.path);

/**
 * The certificate that was given; else the pair in the project, unless `-f`; else a new pair.
 *
 * @param resources the C file that is to stay, if there is one
 */
export async function certificateTrust(
  context: CommandContext,
  folder: ProjectFolder,
  options: InitOptions,
  opened: OpenedFiles,
  resources: string | undefined,
  log: Log,
): Promise<Trust> {
  const { clock } = context;
  const existing = given(opened, options.signingKeyId) ?? (options.force ? undefined : await keptIdentity(folder));
  if (existing) {
    warnOfEnd(existing.certificate, existing.certificateFile, clock.now(), log);
    if (existing.source === 'kept') await warnOfReadableKey(folder, log);
    warnOfUnusedWishes(existing, options.certificate, log);
    return trustIn(existing, [], []);
  }
  // Before any question is asked: the C file that stays cannot hold a certificate which is yet to be made.
  if (resources !== undefined) checkAgreement(resources, undefined);
  const domain = options.identifiers.vendorDomain ?? null;
  const wishes = await certificateWishes(context, options.certificate, domain, options.quiet);
  const copies = await copiesOfOldPair(folder);
  const { identity, files } = makeIdentity(wishes, clock);
  log.bareWarning('Certificates generated with this tool are self-signed and for testing only');
  if (wishes.days < productionDays) {
    log.bareWarning(
      `This certificate is valid for ${wishes.days} days. For production,use certificates with at least 10 years validity.`,
    );
  }
  return trustIn(identity, files, copies);
}
