import { resolve } from 'node:path';
import { parseUuid, writeUpdateResources } from '@mooring/credentials';
import { type Certificate, exportPrivateKey, parseCertificate } from '@mooring/pki';
import { withLock } from '@mooring/platform';
import type { CommandContext, Values } from '@mooring/terminal';
import { text } from '../create/fields.ts';
import { ManifestInputs } from '../create/inputs.ts';
import { type logLevels, logOf } from '../log.ts';
import { projectValues } from '../project-values.ts';
import { remainingOf } from '../validity/remaining.ts';
import { type WrittenFile, writeTogether } from '../write-together.ts';
import { keyHolder, sameKeyAs } from './key-holder.ts';
import { oldCertificate } from './old-certificate.ts';
import { showRenewal } from './renewal-page.ts';
import { deviceNeeds, type Renewal, renewalSteps } from './renewal-steps.ts';
import { makeSuccessor } from './successor.ts';
import { checkPlaces, makeFolder, placesOf } from './successor-files.ts';
import { switchCommand } from './switch-command.ts';

/** Ids for the C file, where the settings have them. */
function idsIn(inputs: ManifestInputs): { vendorId: Uint8Array; classId: Uint8Array } | undefined {
  const [vendorId, classId] = ['vendorId', 'classId'].map((name) => text(name, inputs.top(name)));
  return vendorId && classId ? { vendorId: parseUuid(vendorId), classId: parseUuid(classId) } : undefined;
}

/**
 * Makes the successor and writes it beside; settings, key and C file stay as they are.
 *
 * @throws MooringError `renew.*`, `create.certificate.*`, `create.key.*`, `signing.*`, `pki.*`, `manifest.argument`
 */
export async function renewCertificate(context: CommandContext, values: Values): Promise<unknown> {
  const log = logOf(context.io, values.log_level as keyof typeof logLevels, 'manifesttool.cert');
  const now = context.clock.now();
  const inputs = new ManifestInputs(await projectValues(context), context.cwd);
  const given = values.certificate as string | undefined;
  const old = await oldCertificate(context, inputs, given);
  const holder = await keyHolder(context, values, inputs, old);
  const ids = idsIn(inputs);
  const places = placesOf(values, given === undefined, ids !== undefined, holder.made !== undefined);
  const reads = [old.name, ...(typeof values.private_key === 'string' ? [values.private_key] : [])];
  await checkPlaces(context, places, reads, values.force === true);

  const der = await makeSuccessor(old, holder, values.valid_time as number | undefined, now);
  const successor = parseCertificate(der);
  const files: WrittenFile[] = [];
  const add = (file: string, data: Uint8Array | string, mode = 0o644) =>
    files.push({ path: resolve(context.cwd, file), data, mode });
  if (places.key !== undefined && holder.made) add(places.key, exportPrivateKey(holder.made, 'sec1', 'pem'), 0o600);
  add(places.certificate, der);
  if (places.resources !== undefined && ids) {
    add(places.resources, writeUpdateResources({ ...ids, certificate: successor }));
  }
  await makeFolder(context, places);
  await withLock(`${resolve(context.cwd, places.certificate)}.lock`, async () => {
    // Another renewal may have come first since they were looked at.
    await checkPlaces(context, places, reads, values.force === true);
    await writeTogether(files);
  });
  log.info(`Certificate written to ${places.certificate}`);
  if (places.key !== undefined) log.info(`Private key written to ${places.key}`);
  if (places.resources !== undefined) log.info(`Wrote default resource values to ${places.resources}`);

  const sameKey = sameKeyAs(old.certificate, holder.publicKey);
  const renewal: Renewal = {
    old: { file: old.name, notAfter: old.certificate.notAfter, daysLeft: remainingOf(old.certificate, now).days },
    successor: { file: places.certificate, resources: places.resources },
    sameKey,
    switchCommand: given === undefined ? switchCommand(inputs, values, places) : undefined,
  };
  const [needs, steps] = [deviceNeeds(renewal), renewalSteps(renewal)];
  showRenewal(context, old.certificate, successor, renewal);
  const facts = (file: string, one: Certificate) => ({
    file,
    fingerprint: one.fingerprint,
    subject: one.subjectText,
    notBefore: one.notBefore.toISOString(),
    notAfter: one.notAfter.toISOString(),
    daysLeft: remainingOf(one, now).days,
  });
  return {
    old: facts(old.name, old.certificate),
    successor: facts(places.certificate, successor),
    sameKey,
    ...(places.key === undefined ? {} : { privateKey: places.key }),
    ...(places.resources === undefined ? {} : { resources: places.resources }),
    devices: needs,
    steps,
  };
}
