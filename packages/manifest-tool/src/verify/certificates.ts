import { join, resolve } from 'node:path';
import { type Certificate, fingerprint as fingerprintOf, parseCertificate } from '@mooring/pki';
import { isMooringError, readFileIfExists } from '@mooring/platform';
import type { Log } from '../log.ts';
import { projectFiles } from '../project-folder.ts';
import { isObject, type PythonJson } from '../python/json.ts';
import { refuse } from './check.ts';

export interface Found {
  certificate: Certificate;
  file: string;
}

/** The certificates that a manifest may be signed with: a folder with files named by fingerprint, and the settings. */
export class KnownCertificates {
  readonly #cwd: string;
  readonly #folder: string;
  readonly #defaults: readonly string[];
  readonly #log: Log;

  constructor(cwd: string, folder: string, defaults: PythonJson | undefined, log: Log) {
    this.#cwd = cwd;
    this.#folder = folder;
    this.#log = log;
    const entries = Array.isArray(defaults) ? defaults.filter(isObject) : [];
    this.#defaults = entries.flatMap(({ file }) => (typeof file === 'string' ? [file] : []));
  }

  /** The first that there is, in the order in which the manifest names them. */
  async find(fingerprints: readonly Uint8Array[]): Promise<Found | undefined> {
    for (const bytes of fingerprints) {
      const name = Buffer.from(bytes).toString('hex');
      const found = (await this.#inFolder(name)) ?? (await this.#inSettings(name));
      if (found) return found;
    }
    return undefined;
  }

  async #inFolder(name: string): Promise<Found | undefined> {
    const file = join(this.#folder || projectFiles.certificates, name);
    const data = name === '' ? undefined : await readFileIfExists(resolve(this.#cwd, file)).catch(() => undefined);
    if (!data) return undefined;
    const certificate = read(data);
    if (certificate?.fingerprint === name) return { certificate, file };
    throw refuse(
      'signature',
      'Signature verification failed',
      `${file} does not hold the certificate whose fingerprint is its name: the folder was filled wrongly, or tampered with.`,
    );
  }

  async #inSettings(name: string): Promise<Found | undefined> {
    for (const file of this.#defaults) {
      const data = await readFileIfExists(resolve(this.#cwd, file)).catch(() => undefined);
      const certificate = data && read(data);
      if (!certificate) this.#log.warning(`${file}, which ${projectFiles.settings} names, holds no certificate.`);
      else if (fingerprintOf(certificate.der) === name) return { certificate, file };
    }
    return undefined;
  }
}

function read(data: Uint8Array): Certificate | undefined {
  try {
    return parseCertificate(data);
  } catch (error) {
    if (isMooringError(error)) return undefined;
    throw error;
  }
}
