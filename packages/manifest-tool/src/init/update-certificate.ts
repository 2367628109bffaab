import {
  type Certificate,
  exportPrivateKey,
  fingerprint,
  generateKeyPair,
  importPrivateKey,
  issueCertificate,
  matches,
  parseCertificate,
} from '@mooring/pki';
import { type Clock, isMooringError } from '@mooring/platform';
import { manifestToolErrors } from '../errors.ts';
import { type NewFile, type ProjectFolder, projectFiles } from '../project-folder.ts';
import type { CertificateWishes } from './subject-questions.ts';

/** `certificate` is what devices are given to check updates with; the rest says how manifests get signed. */
export interface UpdateIdentity {
  source: 'given' | 'kept' | 'made';
  certificate: Certificate;
  certificateFile: string;
  privateKeyFile?: string;
  signingTool?: { file: string; keyId: string };
}

const expectP256 =
  'Devices check updates with P-256 and SHA-256: make a key with `openssl ecparam -name prime256v1 -genkey`, and a certificate for it.';

function readCertificate(data: Uint8Array, file: string, next: string): Certificate {
  let certificate: Certificate;
  try {
    if (data.length === 0) throw manifestToolErrors('init.certificate.unreadable', { message: 'The file is empty.' });
    certificate = parseCertificate(data);
  } catch (cause) {
    if (!isMooringError(cause)) throw cause;
    throw manifestToolErrors('init.certificate.unreadable', {
      message: `${file} holds no certificate that can be used. ${cause.message}`,
      next,
      cause,
      data: { path: file },
    });
  }
  const { keyType, signatureAlgorithm } = certificate;
  if (keyType !== 'P-256' || !/SHA256/i.test(signatureAlgorithm)) {
    throw manifestToolErrors('init.certificate.unsuitable', {
      message: `The certificate in ${file} has a ${keyType} key and a ${signatureAlgorithm} signature, which devices cannot check.`,
      next: expectP256,
      data: { path: file, keyType, signatureAlgorithm },
    });
  }
  return certificate;
}

function checkKey(
  data: Uint8Array,
  file: string,
  certificate: Certificate,
  certificateFile: string,
  next: string,
): void {
  let belongs: boolean;
  try {
    if (data.length === 0) throw manifestToolErrors('init.key.unreadable', { message: 'The file is empty.' });
    belongs = matches(importPrivateKey(data), certificate);
  } catch (cause) {
    if (!isMooringError(cause)) throw cause;
    throw manifestToolErrors('init.key.unreadable', {
      message: `${file} holds no private key that can be used. ${cause.message}`,
      next: cause.next && cause.code.startsWith('pki.') ? `${cause.next} ${next}` : next,
      cause,
      data: { path: file },
    });
  }
  if (belongs) return;
  throw manifestToolErrors('init.key.mismatch', {
    message: `The private key in ${file} does not belong to the certificate in ${certificateFile}: devices would refuse every update signed with it.`,
    next,
    data: { privateKey: file, certificate: certificateFile },
  });
}

export interface GivenFiles {
  certificate: { file: string; data: Uint8Array };
  privateKey?: { file: string; data: Uint8Array };
  signingTool?: { file: string; keyId: string };
}

/** The certificate of `-c`, DER or PEM, once it is known that devices and its key go with it. */
export function givenIdentity({ certificate: { file, data }, privateKey, signingTool }: GivenFiles): UpdateIdentity {
  const certificate = readCertificate(data, file, 'Give a certificate in DER or PEM form with -c.');
  if (privateKey) {
    checkKey(privateKey.data, privateKey.file, certificate, file, 'Give the key of this certificate with -k.');
  }
  return {
    source: 'given',
    certificate,
    certificateFile: file,
    ...(privateKey ? { privateKeyFile: privateKey.file } : {}),
    ...(signingTool ? { signingTool } : {}),
  };
}

const makeAnew =
  'Put the right pair back, or use -f for a new one (the files that are there are kept beside it); devices that trust the old certificate only take updates signed with its key.';

/** The pair in `.update-certificates`, or undefined where one of its files is missing. */
export async function keptIdentity(folder: ProjectFolder): Promise<UpdateIdentity | undefined> {
  const data = await folder.read(projectFiles.certificate);
  const key = await folder.read(projectFiles.privateKey);
  if (data === undefined || key === undefined) return undefined;
  const certificate = readCertificate(data, projectFiles.certificate, makeAnew);
  checkKey(key, projectFiles.privateKey, certificate, projectFiles.certificate, makeAnew);
  return {
    source: 'kept',
    certificate,
    certificateFile: projectFiles.certificate,
    privateKeyFile: projectFiles.privateKey,
  };
}

/** A new key with its self-signed certificate, valid from now on, in whole seconds. */
export function makeIdentity(wishes: CertificateWishes, clock: Clock): { identity: UpdateIdentity; files: NewFile[] } {
  const { privateKey, publicKey } = generateKeyPair();
  const notBefore = new Date(Math.floor(clock.now().getTime() / 1000) * 1000);
  const der = issueCertificate({
    subject: wishes.subject,
    subjectKey: publicKey,
    key: privateKey,
    notBefore,
    notAfter: new Date(notBefore.getTime() + wishes.days * 86_400_000),
    profile: 'update',
  });
  return {
    identity: {
      source: 'made',
      certificate: parseCertificate(der),
      certificateFile: projectFiles.certificate,
      privateKeyFile: projectFiles.privateKey,
    },
    files: [
      { path: projectFiles.privateKey, data: exportPrivateKey(privateKey, 'sec1', 'pem'), mode: 0o600 },
      { path: projectFiles.certificate, data: der, mode: 0o644 },
    ],
  };
}

/**
 * Copies of the pair that a new one replaces: fielded devices go on trusting it, so its key must not be lost. They are
 * named by the certificate's fingerprint; a file that is missing or empty has no copy.
 */
export async function copiesOfOldPair(folder: ProjectFolder): Promise<NewFile[]> {
  const certificate = await folder.read(projectFiles.certificate);
  const key = await folder.read(projectFiles.privateKey);
  const namedBy = [certificate, key].find((data) => data !== undefined && data.length > 0);
  if (!namedBy) return [];
  const copiesUnder = (name: string): NewFile[] => [
    ...(key?.length ? [{ path: `${name}.key.pem`, data: key, mode: 0o600 }] : []),
    ...(certificate?.length ? [{ path: `${name}.der`, data: certificate, mode: 0o644 }] : []),
  ];
  const stem = `${projectFiles.certificates}/default.${fingerprint(namedBy).slice(0, 8)}.old`;
  for (let count = 1; ; count++) {
    const copies = copiesUnder(count === 1 ? stem : `${stem}-${count}`);
    const taken = await Promise.all(
      copies.map(async ({ path, data }) => {
        const there = await folder.read(path);
        return there !== undefined && Buffer.compare(there, data as Uint8Array) !== 0;
      }),
    );
    if (!taken.includes(true)) return copies;
  }
}
