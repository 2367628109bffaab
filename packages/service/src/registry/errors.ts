import { errorFamily } from '@mooring/platform';

export const registryErrors = errorFamily({
  'device.not.found': 'The account has no such device.',
  'device.present': 'Another device of the account has what has to be unique.',
  'device.invalid': 'What a device is to have is not possible.',
  'device.limit': 'The account has as many devices as its limit allows.',
  'device.kept': 'Only devices with a developer certificate, and those that never came, can be deleted.',
  'device.event.not.found': 'The account has no such device event.',
  'device.group.not.found': 'The account has no such device group.',
  'device.group.name.taken': 'Another device group of the account has this name.',
  'device.query.not.found': 'The account has no such device query.',
  'denial.not.found': 'The account has no such record of a device that was not let in.',
  'enrolment.not.found': 'The account has no such enrolment.',
  'enrolment.present': 'The identity is enrolled already, in this account or another one.',
  'enrolment.invalid': 'What was given is no enrolment identity.',
  'enrolment.job.not.found': 'The account has no such bulk upload or bulk delete of enrolments.',
  'renewal.certificate.unknown': 'The device has no certificate of this name.',
  'renewal.no.issuer': 'Nobody here signs certificates of this name for devices.',
  'renewal.running': 'The device was asked to renew the certificate already.',
  'renewal.impossible': 'The device is not connected, or cannot renew certificates.',
  'directory.limit': 'The account has as many groups, queries, enrolments or pre-shared keys as its limit allows.',
});
