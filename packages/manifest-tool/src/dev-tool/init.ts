import { randomUUID } from 'node:crypto';
import { join, resolve } from 'node:path';
import { parseUuid } from '@mooring/credentials';
import { ensureDirectory, isMooringError } from '@mooring/platform';
import type { CommandContext, Values } from '@mooring/terminal';
import { checkOutput } from '../argument-file.ts';
import { realDisk } from '../disk.ts';
import { argumentError2x, type Log2x } from '../logging-2x.ts';
import { writeOutput } from '../output-file.ts';
import { type NewFile, ProjectFolder } from '../project-folder.ts';
import { cacheFiles, type DevConfig, devConfigText } from './cache.ts';
import { cloudConfigText } from './cloud-config.ts';
import { type DevCredentials, givenCredentials, initCommandName, madeCredentials, pointOf } from './credentials.ts';
import { devToolErrors } from './errors.ts';
import { devResourcesFile } from './resources-file.ts';

const readMe = `What \`manifest-dev-tool init\` made, and what \`manifest-dev-tool create\` works with. Do not edit.
`;

const usage = (message: string): Error =>
  devToolErrors('dev.options.conflict', {
    message: `manifest-dev-tool: error: ${message}`,
    next: "'manifest-dev-tool init -h' explains the options.",
    exitCode: 2,
  });

function uuid(option: string, value: string | undefined): Uint8Array {
  try {
    return parseUuid(value ?? randomUUID());
  } catch (error) {
    if (!isMooringError(error)) throw error;
    throw argumentError2x(initCommandName, option, `"${value}" is a malformed hexadecimal UUID string`);
  }
}

/** Devices go on trusting the old key: it is kept under the fingerprint of its certificate. */
async function copiesOfOld(folder: ProjectFolder, made: DevCredentials, log: Log2x): Promise<NewFile[]> {
  const key = await folder.read(cacheFiles.key);
  const certificate = await folder.read(cacheFiles.certificate);
  if (!key?.length || !certificate?.length || made.keyData === undefined || key.equals(Buffer.from(made.keyData)))
    return [];
  const { fingerprint } = await import('@mooring/pki');
  const stem = `dev.${fingerprint(certificate).slice(0, 8)}.old`;
  log.warning(
    `The key and certificate that were there are kept as ${stem}.key.pem and ${stem}.cert.der: devices that were given them take no updates of the new ones.`,
  );
  return [
    { path: `${stem}.key.pem`, data: key, mode: 0o600 },
    { path: `${stem}.cert.der`, data: certificate, mode: 0o644 },
  ];
}

/**
 * Makes or takes the credentials and writes everything that `create` needs, and the C file. A re-run makes new ids and
 * a new key, as in 2.6.2; the old key is kept.
 *
 * @throws MooringError `dev.*`, `config.*`, `signing.*`, `manifest.argument`, `file.*`
 */
export async function init(context: CommandContext, values: Values, log: Log2x): Promise<unknown> {
  const text = (name: string) => values[name] as string | undefined;
  const [keyFile, certificateFile, tool] = ['key', 'update_certificate', 'signing_tool'].map(text);
  if (tool !== undefined && (keyFile === undefined || certificateFile === undefined)) {
    throw usage('--signing-tool requires also --key and --update-certificate.');
  }
  if ((keyFile === undefined) !== (certificateFile === undefined)) {
    throw usage('require both --key and --update-certificate or none of those.');
  }
  const vendorId = uuid('--vendor-id', text('vendor_id'));
  const classId = uuid('--class-id', text('class_id'));
  const cloud = await cloudConfigText(context, values);
  const [cacheFolder, resources] = [text('cache_dir') as string, text('generated_resource') as string];
  await checkOutput(context, initCommandName, '-g/--generated-resource', resources);
  const at = (file: string) => join(cacheFolder, file);

  const isGiven = keyFile !== undefined && certificateFile !== undefined;
  log.info(isGiven ? 'importing dev-credentials' : 'generating dev-credentials');
  const credentials = isGiven
    ? await givenCredentials(context, keyFile, certificateFile, tool !== undefined, text('password_file'))
    : madeCredentials(context);
  const config: DevConfig = {
    certificate: at(cacheFiles.certificate),
    classId: Buffer.from(classId).toString('hex'),
    keyFile: keyFile ?? at(cacheFiles.key),
    vendorId: Buffer.from(vendorId).toString('hex'),
    ...(tool === undefined ? {} : { signingTool: tool }),
  };

  await ensureDirectory(resolve(context.cwd, cacheFolder), 0o700);
  const folder = new ProjectFolder(resolve(context.cwd, cacheFolder), realDisk);
  await folder.recover({
    debug: log.debug,
    info: log.info,
    warning: log.warning,
    critical: log.critical,
    bareWarning: log.warning,
  });
  const copies = await copiesOfOld(folder, credentials, log);
  await folder.write([
    ...copies,
    ...(credentials.keyData ? [{ path: cacheFiles.key, data: credentials.keyData, mode: 0o600 }] : []),
    { path: cacheFiles.certificate, data: credentials.certificateData, mode: 0o644 },
    { path: cacheFiles.config, data: devConfigText(config), mode: 0o644 },
    ...(cloud === undefined ? [] : [{ path: cacheFiles.cloudConfig, data: cloud, mode: 0o600 }]),
    { path: cacheFiles.readMe, data: readMe, mode: 0o644 },
  ]);
  const certificate = credentials.certificateData;
  const publicKey = pointOf(credentials.publicKey);
  await writeOutput(
    context,
    resources,
    devResourcesFile({ vendorId, classId, certificate, publicKey }, context.clock.now()),
  );

  if (isGiven) {
    if (credentials.keyData) log.info(`imported ${keyFile} to ${at(cacheFiles.key)}`);
    log.info(`imported ${certificateFile} to ${at(cacheFiles.certificate)}`);
    log.info('dev-credentials - imported');
  } else {
    log.info(`created ${at(cacheFiles.key)}`);
    log.info(`created ${at(cacheFiles.certificate)}`);
    log.info('dev-credentials - generated');
  }
  log.info(`generated developer config file ${at(cacheFiles.config)}`);
  log.info(`generated update source ${resources}`);
  if (cloud !== undefined) log.info(`generated service config file ${at(cacheFiles.cloudConfig)}`);
  else log.warning('Access key not provided, so assisted campaign management will not be available');
  return {
    vendorId: config.vendorId,
    classId: config.classId,
    fingerprint: credentials.certificate.fingerprint,
    notAfter: credentials.certificate.notAfter.toISOString(),
    cacheFolder,
    resources,
    keptCopies: copies.map(({ path }) => at(path)),
  };
}
