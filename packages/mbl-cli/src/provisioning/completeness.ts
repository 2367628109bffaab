import { type BinItem, developerVariableNames, type updateVariableNames } from '@mooring/credentials';
import { importPrivateKey, matches, parseCertificate } from '@mooring/pki';
import { isMooringError } from '@mooring/platform';
import { storeErrors } from '../errors.ts';
import type { StoredCertificate } from '../stores/stored-certificate.ts';

/** What the program on the device reads (pelion-provisioning-util); the other files are of no use to it. */
const neededForUpdate = [
  'arm_uc_default_certificate',
  'arm_uc_vendor_id',
  'arm_uc_class_id',
] as const satisfies readonly (typeof updateVariableNames)[number][];

const optional: readonly string[] = ['MBED_CLOUD_DEV_ACCOUNT_ID', 'MBED_CLOUD_DEV_LWM2M_SERVER_ROOT_CA_CERTIFICATE'];
const neededForDeveloper = developerVariableNames.filter((name) => !optional.includes(name));

/**
 * Checks before anything is touched that a certificate of the Team Store has all that a device takes.
 *
 * @throws MooringError `store.certificate.kind`, `store.certificate.damaged`
 */
export function checkCertificate(
  certificate: StoredCertificate,
  kind: 'developer' | 'update',
  next = "Delete it with 'mbl-cli delete-certificate --local' and store it anew.",
): void {
  if (certificate.kind !== kind) {
    const is = certificate.kind === 'unknown' ? 'something else' : `${article(certificate.kind)} certificate`;
    throw storeErrors('store.certificate.kind', {
      message: `'${certificate.name}' in the Team Store is ${is}, not ${article(kind)} certificate.`,
      next: 'The developer certificate comes first, then the update certificate.',
      data: { name: certificate.name, kind: certificate.kind },
    });
  }
  const items = new Map(certificate.items.map((item) => [item.name, item.data]));
  const needed: readonly string[] = kind === 'developer' ? neededForDeveloper : neededForUpdate;
  const missing = needed.filter((name) => !items.has(name));
  if (missing.length > 0)
    throw unusable(certificate.name, next, `it lacks ${missing.map((name) => `${name}.bin`).join(', ')}`);
  if (kind === 'update' && items.get('arm_uc_default_certificate')?.length === 0) {
    throw unusable(
      certificate.name,
      next,
      'arm_uc_default_certificate.bin is empty: with a pre-shared key in its place, devices cannot be provisioned',
    );
  }
  if (kind === 'developer') checkPair(certificate.name, next, certificate.items);
}

const article = (kind: 'developer' | 'update') => (kind === 'update' ? 'an update' : 'a developer');

function checkPair(name: string, next: string, items: readonly BinItem[]): void {
  const item = (variable: string) =>
    items.find((found) => found.name === `MBED_CLOUD_DEV_BOOTSTRAP_${variable}`)?.data ?? new Uint8Array();
  let wrong: string | undefined;
  try {
    const certificate = parseCertificate(item('DEVICE_CERTIFICATE'));
    const endpoint = Buffer.from(item('ENDPOINT_NAME')).toString('utf8');
    if (!matches(importPrivateKey(item('DEVICE_PRIVATE_KEY')), certificate))
      wrong = 'its key belongs to another certificate';
    else if (certificate.subject.commonName !== endpoint)
      wrong = `the endpoint name '${endpoint}' is not that of its certificate`;
  } catch (error) {
    if (!isMooringError(error)) throw error;
    wrong = error.message;
  }
  if (wrong !== undefined) throw unusable(name, next, wrong);
}

function unusable(name: string, next: string, why: string) {
  return storeErrors('store.certificate.damaged', {
    message: `The certificate '${name}' cannot be put on a device: ${why.replace(/\.$/, '')}.`,
    next,
    data: { name },
  });
}
