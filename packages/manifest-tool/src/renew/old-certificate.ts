import type { Certificate } from '@mooring/pki';
import type { CommandContext } from '@mooring/terminal';
import { openArgument } from '../argument-file.ts';
import { certificateIn, certificatesOf } from '../create/certificates.ts';
import { text } from '../create/fields.ts';
import type { ManifestInputs } from '../create/inputs.ts';
import { projectFiles } from '../project-folder.ts';
import { renewErrors } from './errors.ts';

export interface OldCertificate {
  certificate: Certificate;
  name: string;
}

/** That of `-c`, else the first of the settings. @throws MooringError `renew.certificate.missing`, `create.certificate.*` */
export async function oldCertificate(
  context: CommandContext,
  inputs: ManifestInputs,
  file: string | undefined,
): Promise<OldCertificate> {
  if (file !== undefined) {
    const { data } = await openArgument(context, 'manifest-tool cert renew', '-c/--certificate', file);
    return { certificate: certificateIn(data, file), name: file };
  }
  const [first] = await certificatesOf(inputs, context.signal);
  if (first) return first;
  const psk = text('psk-master-key', inputs.top('psk-master-key')) !== undefined;
  throw renewErrors('renew.certificate.missing', {
    message: psk
      ? 'This project works with pre-shared keys, which do not end: there is no certificate to renew.'
      : `Neither the command line nor ${projectFiles.settings} names a certificate to renew.`,
    next: psk ? 'Nothing has to be done.' : 'Name it with -c, or go to the folder in which `manifest-tool init` ran.',
  });
}
