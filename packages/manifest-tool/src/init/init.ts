import { formatUuid, writeUpdateResources } from '@mooring/credentials';
import type { CommandContext, Values } from '@mooring/terminal';
import { type Disk, realDisk } from '../disk.ts';
import { type Log, type logLevels, logOf } from '../log.ts';
import { type NewFile, ProjectFolder, projectFiles } from '../project-folder.ts';
import { pythonJson, recordedUrns, type Settings } from '../settings.ts';
import { openFiles } from './arguments.ts';
import { certificateTrust } from './certificate-source.ts';
import { cloudSettingsFile, droppedSettings } from './cloud-settings.ts';
import { type Identifiers, identifiersOf } from './identifiers.ts';
import { checkOptions, initOptions } from './options.ts';
import { preSharedKeyTrust } from './pre-shared-key.ts';
import { checkAgreement } from './resources.ts';
import type { Trust } from './trust.ts';

function settingsFile(identifiers: Identifiers, recorded: readonly string[], trust: Trust): NewFile {
  const settings: Settings = {
    classId: formatUuid(identifiers.classId),
    vendorId: formatUuid(identifiers.vendorId),
    vendorDomain: identifiers.vendorDomain,
    modelName: identifiers.modelName,
    deviceURNs: [...new Set([...recorded, ...trust.urns])],
    ...trust.settings,
  };
  return { path: projectFiles.settings, data: pythonJson(settings), mode: 0o644 };
}

/** The lines of 1.4.8, in its order. */
function report(log: Log, trust: Trust, resourcesStay: boolean, cloud: NewFile | undefined, dropped: string[]): void {
  for (const line of trust.done) log.info(line);
  log.info(`Default settings written to ${projectFiles.settings}`);
  if (resourcesStay) {
    log.warning(`${projectFiles.resources} already exists, not overwriting. Use --force to write anyway.`);
  } else {
    const { certificate } = trust.resources;
    if (certificate && !certificate.subjectKeyIdentifier) {
      log.warning('No Subject Key Identifier present in certificate');
    }
    log.info(`Wrote default resource values to ${projectFiles.resources}`);
  }
  if (cloud) log.info(`Cloud settings written to ${projectFiles.cloudSettings}`);
  if (dropped.length > 0) {
    log.warning(
      `${projectFiles.cloudSettings} no longer holds ${dropped.join(' and ')}: give -S and -a together to keep both.`,
    );
  }
}

/**
 * Everything is read, asked, judged and computed first; then all files are written as one.
 *
 * @throws MooringError `init.*`, `manifest.*`, `file.*`, `lock.busy`
 */
export async function init(context: CommandContext, values: Values, disk: Disk = realDisk): Promise<unknown> {
  const { io, json } = context;
  const log = logOf(io, values.log_level as keyof typeof logLevels, 'manifesttool.init');
  const options = initOptions(values);
  const identifiers = identifiersOf(options.identifiers);
  const cloud = cloudSettingsFile(options.cloud);

  const folder = new ProjectFolder(context.cwd, disk);
  await folder.recover(log);
  const opened = await openFiles(folder, options);
  checkOptions(options, log);
  const recorded = recordedUrns((await folder.read(projectFiles.settings))?.toString('utf8') ?? '{}');
  const existing = (await folder.read(projectFiles.resources))?.toString('utf8');
  const staying = options.force ? undefined : existing;

  const trust = options.psk
    ? await preSharedKeyTrust(folder, identifiers, recorded, options.force, log)
    : await certificateTrust(context, folder, options, opened, staying, log);
  const resources = writeUpdateResources({ ...identifiers, ...trust.resources });
  if (staying !== undefined) checkAgreement(staying, resources);
  const dropped = cloud ? droppedSettings(await folder.read(projectFiles.cloudSettings), cloud) : [];

  const written = await folder.write([
    ...trust.copies,
    ...trust.files,
    settingsFile(identifiers, recorded, trust),
    // With a pre-shared key this file is a secret itself.
    ...(staying === undefined
      ? [{ path: projectFiles.resources, data: resources, mode: options.psk ? 0o600 : 0o644 }]
      : []),
    ...(cloud ? [cloud] : []),
  ]);
  report(log, trust, staying !== undefined, cloud, dropped);
  // As the old program's colour library does when it ends on a terminal.
  if (io.stdout.isTTY && !json) io.stdout.write('\u001b[0m');
  return {
    vendorId: formatUuid(identifiers.vendorId),
    classId: formatUuid(identifiers.classId),
    vendorDomain: identifiers.vendorDomain,
    modelName: identifiers.modelName,
    ...trust.result,
    settings: projectFiles.settings,
    resources: projectFiles.resources,
    ...(cloud ? { cloudSettings: projectFiles.cloudSettings } : {}),
    written,
    keptCopies: trust.copies.map((file) => file.path),
  };
}
