import type { Values } from '@mooring/terminal';
import { manifestToolErrors } from '../errors.ts';
import type { Log } from '../log.ts';
import type { CloudOptions } from './cloud-settings.ts';
import type { IdentifierOptions } from './identifiers.ts';
import type { CertificateOptions } from './subject-questions.ts';

export interface InitOptions {
  certificateFile: string | undefined;
  privateKeyFile: string | undefined;
  signingTool: string | undefined;
  signingKeyId: string | undefined;
  identifiers: IdentifierOptions;
  cloud: CloudOptions;
  /** For a certificate that is to be made. */
  certificate: CertificateOptions;
  quiet: boolean;
  force: boolean;
  psk: boolean;
}

export function initOptions(values: Values): InitOptions {
  const text = (name: string) => values[name] as string | undefined;
  return {
    certificateFile: text('certificate'),
    privateKeyFile: text('private_key'),
    signingTool: text('signing_tool'),
    signingKeyId: text('signing_key_id') || undefined,
    identifiers: {
      vendorId: text('vendor_id'),
      vendorDomain: text('vendor_domain'),
      classId: text('class_id'),
      modelName: text('model_name'),
    },
    cloud: { host: text('server_address'), apiKey: text('api_key') },
    certificate: {
      country: text('country'),
      state: text('state'),
      locality: text('locality'),
      organization: text('organization'),
      commonName: text('common_name'),
      validDays: values.valid_days as number | undefined,
    },
    quiet: Boolean(values.quiet),
    force: Boolean(values.force),
    psk: Boolean(values.psk),
  };
}

/**
 * Refuses options that need one another, and names those that do nothing.
 *
 * @throws MooringError `init.certificate.keyless`, `init.signing.key.id`, `init.options.conflict`
 */
export function checkOptions(options: InitOptions, log: Log): void {
  const { certificateFile, privateKeyFile, signingTool, signingKeyId } = options;
  if (options.psk) {
    const given = [certificateFile && '-c', privateKeyFile && '-k', signingTool && '-s'].filter(Boolean);
    if (given.length > 0) log.warning(`With --psk there is no certificate: ${given.join(' and ')} not used.`);
    return;
  }
  const signer = privateKeyFile ? '-k/--private-key' : signingTool ? '-s/--signing-tool' : undefined;
  if (certificateFile !== undefined && signer === undefined) {
    throw manifestToolErrors('init.certificate.keyless', {
      message: `-c/--certificate ${certificateFile} was given without its key, so that nothing could be signed.`,
      next: 'Add its private key with -k, or with -s and --signing-key-id a program that signs with it.',
    });
  }
  if (certificateFile === undefined && signer !== undefined) {
    throw manifestToolErrors('init.options.conflict', {
      message: `${signer} was given without the certificate that the key belongs to.`,
      next: 'Add the certificate with -c.',
    });
  }
  if (signingTool !== undefined && signingKeyId === undefined) {
    throw manifestToolErrors('init.signing.key.id', {
      message: 'Signing key ID is required with signing tool.',
      next: 'Add --signing-key-id with the name that the tool knows the key by.',
    });
  }
  if (signingKeyId !== undefined && signingTool === undefined) {
    log.warning('--signing-key-id is for a signing tool (-s); it was not used.');
  }
}
