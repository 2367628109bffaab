import { errorFamily } from '@mooring/platform';

/** Of the operator alone. */
export const rolloverErrors = errorFamily({
  'authority.rollover.running': 'The authority is being replaced already.',
  'authority.rollover.none': 'The authority is not being replaced.',
  'authority.rollover.needed': 'Devices may still rely on the authority that is to count no longer.',
});

export const certificateErrors = errorFamily({
  'certificate.not.found': 'The account has no such certificate.',
  'certificate.name.taken': 'Another certificate of the account has this name.',
  'certificate.present': 'The account has this very certificate already.',
  'certificate.invalid': 'What was uploaded is not a certificate that devices could be let in with.',
  'certificate.developer.fixed': 'Only name, description and status of a developer certificate can be changed.',
  'certificate.request.invalid': 'The request for the certificate of a device cannot be granted.',
  'certificate.endpoint.taken': 'Another key has a certificate for the endpoint name.',
  'certificate.limit': 'The account has as many certificates as its limit allows.',
  'authority.missing': 'The account lacks one of its certificate authorities.',
  'service.address.unusable': 'The public host name of the service cannot stand in a file for devices.',
});
