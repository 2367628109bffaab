import { errorFamily } from '@mooring/platform';

export const restErrors = errorFamily({
  'rest.url.invalid': 'The address of the service is not one that a client can use.',
  'rest.config.malformed': 'A configuration file of the SDKs is not of the form it has to have.',
  'rest.key.malformed': 'The API key holds characters that no API key has.',
  'rest.unreachable': 'The service could not be reached: unknown name, no route, refused or cut connection.',
  'rest.timeout': 'The service did not answer in time.',
  'rest.tls.untrusted': 'The certificate of the service is not one that this client trusts.',
  'rest.tls.fingerprint': 'No certificate of the service has the fingerprint that was given.',
  'rest.tls.failed': 'The service and the client could not agree on a TLS connection.',
  'rest.unauthorized': 'The service does not accept the API key.',
  'rest.forbidden': 'The API key is good but may not do this, or a limit of the account is reached.',
  'rest.not.found': 'The service has no such thing.',
  'rest.conflict': 'The name is taken, or what is there now does not allow the request.',
  'rest.invalid': 'The service refused the request as wrong; the fields are named.',
  'rest.limited': 'The service asks to slow down.',
  'rest.server.failed': 'The service failed in a way of its own.',
  'rest.answer.foreign':
    'Something else than a Device Management service answered: a login page, a proxy, another server.',
});
