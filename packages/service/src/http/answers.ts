import { isMooringError, type platformErrors } from '@mooring/platform';
import type { ErrorResponse } from '@mooring/rest';
import type { accountErrors } from '../accounts/errors.ts';
import type { certificateErrors } from '../certificates/errors.ts';
import type { storageErrors } from '../errors.ts';
import type { peopleErrors } from '../people/errors.ts';
import type { registryErrors } from '../registry/errors.ts';
import type { updateErrors } from '../updates/errors.ts';
import type { httpErrors } from './errors.ts';

type Code = keyof (typeof accountErrors.codes &
  typeof certificateErrors.codes &
  typeof httpErrors.codes &
  typeof peopleErrors.codes &
  typeof registryErrors.codes &
  typeof storageErrors.codes &
  typeof updateErrors.codes &
  typeof platformErrors.codes);

/** HTTP status and `type` of the envelope for every expected error that a caller can bring about. */
const answers: Readonly<Partial<Record<Code, readonly [status: number, type: string]>>> = {
  'request.invalid': [400, 'validation_error'],
  'api.key.invalid': [400, 'validation_error'],
  'certificate.invalid': [400, 'validation_error'],
  'certificate.request.invalid': [400, 'validation_error'],
  'certificate.developer.fixed': [400, 'validation_error'],
  'device.invalid': [400, 'validation_error'],
  'device.kept': [400, 'bad_request'],
  'renewal.no.issuer': [400, 'validation_error'],
  'enrolment.invalid': [400, 'validation_error'],
  'group.unknown': [400, 'validation_error'],
  'group.invalid': [400, 'validation_error'],
  'user.invalid': [400, 'validation_error'],
  'user.last.administrator': [400, 'bad_request'],
  'password.weak': [400, 'validation_error'],
  'password.wrong': [400, 'validation_error'],
  'totp.state': [400, 'bad_request'],
  'totp.wrong': [400, 'validation_error'],
  'sign.in.wrong': [401, 'invalid_auth'],
  'sign.in.code.needed': [401, 'second_factor_required'],
  'sign.in.password.old': [401, 'password_change_required'],
  'auth.invalid': [401, 'invalid_auth'],
  'permission.denied': [403, 'forbidden'],
  'session.foreign': [403, 'forbidden'],
  'user.only': [403, 'forbidden'],
  'group.fixed': [403, 'forbidden'],
  'account.limit': [403, 'account_limit_exceeded'],
  'certificate.limit': [403, 'account_limit_exceeded'],
  'device.limit': [403, 'account_limit_exceeded'],
  'directory.limit': [403, 'account_limit_exceeded'],
  'route.unknown': [404, 'not_found'],
  'account.missing': [404, 'not_found'],
  'api.key.not.found': [404, 'not_found'],
  'user.not.found': [404, 'not_found'],
  'invitation.not.found': [404, 'not_found'],
  'group.not.found': [404, 'not_found'],
  'session.not.found': [404, 'not_found'],
  'link.invalid': [404, 'link_invalid'],
  'certificate.not.found': [404, 'not_found'],
  'device.not.found': [404, 'not_found'],
  'denial.not.found': [404, 'not_found'],
  'renewal.certificate.unknown': [404, 'not_found'],
  'enrolment.not.found': [404, 'not_found'],
  'enrolment.job.not.found': [404, 'not_found'],
  'device.event.not.found': [404, 'not_found'],
  'device.group.not.found': [404, 'not_found'],
  'device.query.not.found': [404, 'not_found'],
  'route.method': [405, 'method_not_allowed'],
  'api.key.name.taken': [409, 'duplicate'],
  'user.email.taken': [409, 'duplicate'],
  'user.username.taken': [409, 'duplicate'],
  'group.name.taken': [409, 'duplicate'],
  'group.member.present': [409, 'duplicate'],
  'certificate.name.taken': [409, 'duplicate'],
  'certificate.present': [409, 'duplicate'],
  'certificate.endpoint.taken': [409, 'duplicate'],
  'device.present': [409, 'duplicate'],
  'renewal.running': [409, 'conflict'],
  'enrolment.present': [409, 'duplicate'],
  'device.group.name.taken': [409, 'duplicate'],
  'upload.chunk.invalid': [400, 'validation_error'],
  'update.manifest.invalid': [400, 'validation_error'],
  'update.manifest.untrusted': [400, 'validation_error'],
  'update.certificate.invalid': [400, 'validation_error'],
  'campaign.invalid': [400, 'validation_error'],
  'campaign.fixed': [403, 'forbidden'],
  'update.limit': [403, 'account_limit_exceeded'],
  'image.not.found': [404, 'not_found'],
  'upload.job.not.found': [404, 'not_found'],
  'upload.chunk.not.found': [404, 'not_found'],
  'update.manifest.not.found': [404, 'not_found'],
  'update.certificate.not.found': [404, 'not_found'],
  'campaign.not.found': [404, 'not_found'],
  'campaign.device.not.found': [404, 'not_found'],
  'campaign.statistic.not.found': [404, 'not_found'],
  'campaign.not.started': [404, 'not_found'],
  'update.certificate.present': [409, 'duplicate'],
  'image.in.use': [409, 'conflict'],
  'upload.job.over': [409, 'conflict'],
  'update.manifest.in.use': [409, 'conflict'],
  'campaign.phase': [409, 'conflict'],
  'image.too.large': [413, 'payload_too_large'],
  'request.too.large': [413, 'payload_too_large'],
  'request.media.type': [415, 'unsupported_media_type'],
  'renewal.impossible': [423, 'locked'],
  'sign.in.throttled': [429, 'too_many_requests'],
};

/** What HTTP itself can find wrong before a route is reached, by status. */
const protocolAnswers: Readonly<Record<number, readonly [type: string, message: string]>> = {
  400: ['bad_request', 'The request cannot be read.'],
  408: ['request_timeout', 'The request did not arrive in time.'],
  413: ['payload_too_large', 'The body is larger than any that the service takes.'],
  414: ['bad_request', 'The address is too long.'],
  415: ['unsupported_media_type', 'The body has to be JSON, with Content-Type: application/json.'],
  431: ['bad_request', 'The headers are larger than any that the service takes.'],
};

/** Where the service is to blame, and can say for what without telling of its insides. */
const ownFaults: Readonly<Partial<Record<Code, readonly [status: number, type: string, message: string]>>> = {
  'service.address.unusable': [500, 'internal_error', 'The settings of the service are wrong: its public host.'],
  'database.busy': [503, 'service_unavailable', 'The service cannot store anything just now.'],
  'database.disk.full': [
    507,
    'insufficient_storage',
    'The service cannot store anything just now: its disk is full. What is there can be read.',
  ],
  'file.disk.full': [
    507,
    'insufficient_storage',
    'The service cannot store anything just now: its disk is full. What is there can be read.',
  ],
  'file.read.only': [503, 'service_unavailable', 'The service cannot store anything just now.'],
  'database.read.only': [503, 'service_unavailable', 'The service cannot store anything just now.'],
};

type Field = ErrorResponse['fields'][number];

export function envelope(
  code: number,
  type: string,
  message: string,
  requestId: string,
  fields: readonly Field[] = [],
): ErrorResponse {
  return { object: 'error', code, type, message, request_id: requestId, fields: [...fields] };
}

/** The envelope for what HTTP itself refuses. */
export function protocolEnvelope(status: number, requestId: string): ErrorResponse {
  const [type, message] = protocolAnswers[status] ?? (protocolAnswers[400] as readonly [string, string]);
  return envelope(status, type, message, requestId);
}

/** What is said of an error: its own sentence if the caller brought it about, and nothing of our insides if not. */
export function answerOf(error: unknown, requestId: string): ErrorResponse {
  if (isMooringError(error)) {
    const known = answers[error.code as Code];
    if (known) {
      const fields = Array.isArray(error.data?.fields) ? (error.data.fields as Field[]) : [];
      return envelope(known[0], known[1], error.message, requestId, fields);
    }
    const fault = ownFaults[error.code as Code];
    if (fault) return envelope(...fault, requestId);
  }
  const status = (error as { statusCode?: unknown } | undefined)?.statusCode;
  if (typeof status === 'number' && status >= 400 && status < 500) return protocolEnvelope(status, requestId);
  return envelope(500, 'internal_error', 'The service failed; its log has more under the request id.', requestId);
}
