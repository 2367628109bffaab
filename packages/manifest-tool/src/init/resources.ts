import { parseCSource, type UpdateVariableName, updateVariableNames } from '@mooring/credentials';
import { isMooringError } from '@mooring/platform';
import { manifestToolErrors } from '../errors.ts';
import { projectFiles } from '../project-folder.ts';

const inWords: Readonly<Record<UpdateVariableName, string>> = {
  arm_uc_vendor_id: 'vendor id',
  arm_uc_class_id: 'class id',
  arm_uc_default_fingerprint: 'fingerprint',
  arm_uc_default_subject_key_identifier: 'subject key identifier',
  arm_uc_default_certificate: 'certificate',
  arm_uc_default_psk: 'pre-shared key',
  arm_uc_default_psk_id: 'id of the pre-shared key',
};

/** The bytes of each variable as hex; an array that is empty or not there says the same: nothing. */
function variablesOf(source: string): Map<string, string> {
  const values = new Map<string, string>(updateVariableNames.map((name) => [name, '']));
  for (const { name, value } of parseCSource(source, projectFiles.resources)) {
    if (values.has(name)) values.set(name, Buffer.from(value).toString('hex'));
  }
  return values;
}

/** What a repeated call would do about the difference. */
const remedies = {
  sameCertificate: `To follow the new settings, remove ${projectFiles.resources} and repeat: key and certificate stay as they are. (-f replaces the file too, but where no certificate is given it makes a new one as well, which fielded devices do not trust.)`,
  newCertificate: `If the key and certificate still exist somewhere, put them into ${projectFiles.certificates} and repeat. Otherwise -f makes new ones and replaces the file; devices with the old certificate then take no more updates.`,
  preSharedKey: `-f writes it for this device; the master key stays.`,
};

function disagreement(reason: string, remedy: keyof typeof remedies, differs: readonly string[]): Error {
  return manifestToolErrors('init.resources.differ', {
    message: `${projectFiles.resources} already exists, and ${reason}. Nothing was written, so that settings and firmware do not drift apart.`,
    next: remedies[remedy],
    data: { path: projectFiles.resources, differs },
  });
}

/**
 * Without `-f` an existing C file stays, so the settings may only say what it says.
 *
 * @param wanted the file that would be written; undefined where a new certificate would be made, which is never in it
 * @throws MooringError `init.resources.differ`
 */
export function checkAgreement(existing: string, wanted: string | undefined): void {
  const after = wanted === undefined ? undefined : variablesOf(wanted);
  const remedy = !after ? 'newCertificate' : after.get('arm_uc_default_psk') ? 'preSharedKey' : 'sameCertificate';
  let there: Map<string, string>;
  try {
    there = variablesOf(existing);
  } catch (cause) {
    if (!isMooringError(cause)) throw cause;
    throw disagreement(`it cannot be read: ${cause.message.replace(/\.$/, '')}`, remedy, ['form']);
  }
  if (!after) {
    throw disagreement('a new certificate would have to be made, which it does not hold', remedy, ['certificate']);
  }
  const differs = updateVariableNames
    .filter((name) => there.get(name) !== after.get(name))
    .map((name) => inWords[name]);
  if (differs.length > 0) throw disagreement(`it has another ${differs.join(', ')}`, remedy, differs);
}
