import type { Domain } from '../../storage/context.ts';
import type { registryErrors } from '../errors.ts';
import { csvLine } from './csv.ts';
import type { EnrolmentJob } from './jobs.ts';

type Code = keyof typeof registryErrors.codes;

/** How the errors of the old service's reports read. */
const errors: Readonly<Partial<Record<Code, readonly [code: string, type: string, message: string]>>> = {
  'enrolment.invalid': ['400', 'validation_error', 'Is no enrollment identity.'],
  'directory.limit': ['403', 'account_limit_exceeded', 'The account has as many enrollments as its limit allows.'],
  'enrolment.not.found': ['404', 'not_found', 'The identity is not enrolled.'],
  'enrolment.present': ['409', 'duplicate', 'Enrollment identity is already claimed.'],
};

const errorColumns = ['error__code', 'error__type', 'error__message', 'error__fields'];

const timeColumns = { upload: 'entity__created_at', delete: 'entity__deleted_at' } as const;

/** Lines that are read at a time. */
const pageSize = 1000;

/** The report of a job as CSV, piece by piece. @param failedOnly without those that went well, and without the times */
export async function* enrolmentReport(domain: Domain, job: EnrolmentJob, failedOnly: boolean): AsyncGenerator<string> {
  yield csvLine(['entity__id', ...(failedOnly ? [] : [timeColumns[job.kind]]), ...errorColumns]);
  let after = 0;
  for (;;) {
    const all = domain.storage.db
      .selectFrom('enrolment_job_lines')
      .selectAll()
      .where('job_id', '=', job.id)
      .where('line', '>', after)
      .orderBy('line')
      .limit(pageSize);
    const rows = await (failedOnly ? all.where('error', 'is not', null) : all).execute();
    const lines = rows.map(({ identity, done_at, error }) => {
      const told = error === null ? ['', '', ''] : (errors[error as Code] ?? ['500', 'internal_error', error]);
      const time = error === null ? new Date(done_at).toISOString() : '';
      return csvLine([identity, ...(failedOnly ? [] : [time]), ...told, '']);
    });
    if (lines.length > 0) yield lines.join('');
    const last = rows.at(-1);
    if (!last || rows.length < pageSize) return;
    after = last.line;
  }
}
