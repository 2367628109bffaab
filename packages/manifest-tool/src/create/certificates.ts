import { readFile } from 'node:fs/promises';
import type { CertificateReference } from '@mooring/manifest';
import { type Certificate, parseCertificate } from '@mooring/pki';
import { fileError, isMooringError } from '@mooring/platform';
import { isFalsy } from '../python/falsy.ts';
import { isObject, type PythonObject } from '../python/json.ts';
import { createErrors } from './errors.ts';
import { objects, text } from './fields.ts';
import { invalid, type ManifestInputs } from './inputs.ts';
import { bytesOfUrl } from './resources.ts';

export interface NamedCertificate {
  certificate: Certificate;
  /** As the input names it: a path or an address. */
  name: string;
  reference: CertificateReference;
}

function listOf(inputs: ManifestInputs): readonly PythonObject[] {
  const given = inputs.top('certificates');
  if (!isFalsy(given)) return objects('certificates', given);
  const defaults = inputs.top('default-certificates');
  if (!isFalsy(defaults)) return objects('default-certificates', defaults);
  const unsigned = objects('signature.signatures', inputs.top('signature.signatures')).find(
    (block) => !('signature' in block),
  );
  return objects('signature.signatures[].certificates', unsigned?.certificates);
}

async function bytesOf(inputs: ManifestInputs, file: string | undefined, uri: string, signal: AbortSignal) {
  if (file === undefined) return await bytesOfUrl(uri, signal);
  try {
    return await readFile(inputs.at(file));
  } catch (error) {
    const cause = fileError(error, file);
    throw createErrors('create.certificate.unreadable', {
      message: (cause as Error).message,
      next: `Certificates are looked for relative to the folder of the -i file, here: ${inputs.at(file)}`,
      cause,
      data: { path: inputs.at(file) },
    });
  }
}

/** @throws MooringError `create.certificate.*` */
export function certificateIn(bytes: Uint8Array, name: string): Certificate {
  let certificate: Certificate;
  try {
    certificate = parseCertificate(bytes);
  } catch (cause) {
    if (!isMooringError(cause)) throw cause;
    throw createErrors('create.certificate.unreadable', {
      message: `${name} holds no certificate that can be used. ${cause.message}`,
      next: 'Name a certificate in DER or PEM form.',
      cause,
      data: { path: name },
    });
  }
  if (/SHA256/i.test(certificate.signatureAlgorithm)) return certificate;
  throw createErrors('create.certificate.unsuitable', {
    message: `In (${name}): Only SHA256 certificates are supported by the Mbed Cloud Update client at this time.`,
    next: `This one is signed with ${certificate.signatureAlgorithm}.`,
    data: { path: name, signatureAlgorithm: certificate.signatureAlgorithm },
  });
}

/**
 * The certificates that the manifest names beside its signature: `certificates`, else `default-certificates` of the
 * settings, else those of the first signature block in the input that has no signature. The first is that of the key.
 *
 * @throws MooringError `create.certificate.*`, `create.value.invalid`
 */
export async function certificatesOf(inputs: ManifestInputs, signal: AbortSignal): Promise<NamedCertificate[]> {
  const named: NamedCertificate[] = [];
  for (const [index, entry] of listOf(inputs).entries()) {
    if (!isObject(entry)) throw invalid(`certificates[${index}]`, 'has to be an object');
    const file = text(`certificates[${index}].file`, entry.file);
    const uri = text(`certificates[${index}].uri`, entry.uri);
    const name = file ?? uri;
    if (name === undefined) throw invalid(`certificates[${index}]`, 'needs a "file" or a "uri"');
    const certificate = certificateIn(await bytesOf(inputs, file, uri ?? '', signal), name);
    const fingerprint = new Uint8Array(Buffer.from(certificate.fingerprint, 'hex'));
    named.push({ certificate, name, reference: { fingerprint, uri: uri ?? '' } });
  }
  return named;
}
