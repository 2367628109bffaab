import { storeErrors } from '../errors.ts';

/**
 * A certificate name is the name of a folder in the Team Store and of a certificate in the service, so it must be
 * good for both.
 *
 * @throws MooringError `store.name.unsafe`
 */
export function checkCertificateName(name: string): void {
  const reason = whatIsWrong(name);
  if (reason === undefined) return;
  throw storeErrors('store.name.unsafe', {
    message: `${JSON.stringify(name)} cannot be the name of a certificate: ${reason}.`,
    next: 'Choose another name; letters, digits, spaces and most signs are fine.',
    data: { name },
  });
}

function whatIsWrong(name: string): string | undefined {
  if (name.trim() === '') return 'it is empty';
  if (name !== name.trim()) return 'it begins or ends with a space';
  if (/[/\\]/.test(name)) return 'it has a slash or a backslash in it';
  if (name.startsWith('.')) return 'it begins with a dot';
  if (/\p{Cc}|\p{Cs}/u.test(name)) return 'it has a control character in it';
  if ([...name].length > 100) return 'it is longer than 100 characters, the limit of Device Management';
  // NAME_MAX of the usual file systems.
  if (Buffer.byteLength(name) > 255) return 'it is longer than 255 bytes, the limit of file systems';
  return undefined;
}
