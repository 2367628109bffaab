import { parseCertificate } from '@mooring/pki';
import { isMooringError } from '@mooring/platform';
import type { RestClient } from '@mooring/rest';
import type { Source, SourceCertificate, SourceEnrolment } from './source.ts';

/** What became of one thing. */
export interface Copied {
  kind: 'trusted certificate' | 'enrolment';
  name: string;
  state: 'copied' | 'there already' | 'left out' | 'failed';
  why?: string;
}

export interface CopyOptions {
  /** Nothing is sent that changes anything. */
  dryRun: boolean;
  /** Told of each as it is done. */
  done(copied: Copied): void;
  signal: AbortSignal;
  now(): Date;
}

/** What the target has already. */
interface Present {
  fingerprints: ReadonlySet<string>;
  names: ReadonlySet<string>;
  identities: ReadonlySet<string>;
}

/** How many enrolments are under way at once. */
const atOnce = 8;

/** Copies what can move to the service; what is there already is left alone, so that it can be repeated. */
export async function copyTo(client: RestClient, source: Source, options: CopyOptions): Promise<Copied[]> {
  const present = await presentIn(client, source);
  const outcomes: Copied[] = [];
  const note = (copied: Copied) => {
    outcomes.push(copied);
    options.done(copied);
  };
  for (const certificate of source.certificates) {
    options.signal.throwIfAborted();
    note({
      kind: 'trusted certificate',
      name: certificate.name,
      ...(await copyCertificate(client, certificate, present, options)),
    });
  }
  const waiting = [...source.enrolments];
  const worker = async () => {
    for (let enrolment = waiting.shift(); enrolment; enrolment = waiting.shift()) {
      options.signal.throwIfAborted();
      const name = enrolment.enrollment_identity;
      note({ kind: 'enrolment', name, ...(await copyEnrolment(client, enrolment, present, options)) });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return outcomes;
}

async function presentIn(client: RestClient, source: Source): Promise<Present> {
  const [fingerprints, names, identities] = [new Set<string>(), new Set<string>(), new Set<string>()];
  if (source.certificates.length > 0) {
    for await (const { name, certificate_fingerprint } of client.trustedCertificates.list()) {
      names.add(name);
      fingerprints.add(certificate_fingerprint);
    }
  }
  if (source.enrolments.length > 0) {
    for await (const { enrollment_identity } of client.deviceEnrollments.list()) {
      identities.add(enrollment_identity.toUpperCase());
    }
  }
  return { fingerprints, names, identities };
}

type Outcome = Pick<Copied, 'state' | 'why'>;

async function copyCertificate(
  client: RestClient,
  source: SourceCertificate,
  present: Present,
  { dryRun }: CopyOptions,
): Promise<Outcome> {
  if (Number(source.device_execution_mode ?? 0) > 0) {
    return {
      state: 'left out',
      why: "a developer certificate: its devices need one of this service ('provision-pelion -c')",
    };
  }
  return tryTo(async () => {
    const { fingerprint } = parseCertificate(source.certificate);
    if (present.fingerprints.has(fingerprint)) return { state: 'there already' };
    if (present.names.has(source.name)) {
      return { state: 'failed', why: 'this service has another certificate of that name' };
    }
    if (dryRun) return { state: 'copied' };
    await client.trustedCertificates.create({
      name: source.name,
      certificate: source.certificate,
      service: source.service ?? 'bootstrap',
      ...(source.description ? { description: source.description } : {}),
      ...(source.status ? { status: source.status } : {}),
      ...(source.enrollment_mode === undefined ? {} : { enrollment_mode: source.enrollment_mode }),
    });
    return { state: 'copied' };
  });
}

async function copyEnrolment(
  client: RestClient,
  { enrollment_identity, expires_at }: SourceEnrolment,
  present: Present,
  { dryRun, now }: CopyOptions,
): Promise<Outcome> {
  if (present.identities.has(enrollment_identity.toUpperCase())) return { state: 'there already' };
  if (expires_at && new Date(expires_at) < now()) return { state: 'left out', why: 'it has expired' };
  if (dryRun) return { state: 'copied' };
  return tryTo(async () => {
    await client.deviceEnrollments.create({ enrollment_identity });
    return { state: 'copied' };
  });
}

/** One that fails leaves the others alone; what concerns all of them ends it. */
async function tryTo(work: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await work();
  } catch (error) {
    if (!isMooringError(error)) throw error;
    if (error.code === 'rest.conflict') return { state: 'there already' };
    if (!/^(rest\.invalid$|pki\.)/.test(error.code)) throw error;
    return { state: 'failed', why: error.message.replace(/\.$/, '') };
  }
}
