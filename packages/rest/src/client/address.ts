import { restErrors } from '../errors.ts';

/**
 * Reads the address of a service: `https://host`, `http://127.0.0.1:8080/`; a path is kept as a prefix.
 *
 * @throws MooringError `rest.url.invalid`
 */
export function serviceAddress(text: string): URL {
  const wrong = (why: string, next: string) =>
    restErrors('rest.url.invalid', { message: `"${text}" ${why}.`, next, data: { url: text } });
  let url: URL;
  try {
    url = new URL(text.trim());
  } catch {
    throw wrong(
      'is not the address of a service',
      'Give it whole, as in https://service.example or http://127.0.0.1:8080.',
    );
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw wrong(`begins with ${url.protocol}//, which is neither https:// nor http://`, 'Begin it with https://.');
  }
  if (url.username !== '' || url.password !== '') {
    throw restErrors('rest.url.invalid', {
      message: `The address of the service at ${url.host} holds a user name or password.`,
      next: 'Leave them out: the API key is all that the service asks for.',
    });
  }
  url.hash = '';
  url.search = '';
  url.pathname = url.pathname.replace(/\/+$/, '/');
  return url;
}

/** The address as people write it, without a slash at the end. */
export const addressText = (url: URL): string => url.href.replace(/\/$/, '');
