import { errorFamily } from '@mooring/platform';

export const httpErrors = errorFamily({
  'request.invalid': 'A request cannot be read, or its fields are wrong; they are named.',
  'request.media.type': 'The body of a request is not JSON.',
  'request.too.large': 'The body of a request is larger than any that the service takes.',
  'route.unknown': 'The service has no such path.',
  'route.method': 'The path exists, but not for this method.',
});
