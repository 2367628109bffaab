import { storeErrors } from '../errors.ts';
import { commandLine } from '../ssh/quote.ts';
import { checkCertificateName } from '../stores/certificate-name.ts';

/** What the user asked for. */
export interface Request {
  /** CERT */
  developer: string;
  /** UPDATE-CERT */
  update: string;
  /** `-c`: have the service make CERT. */
  create: boolean;
  /** `-p`: take UPDATE-CERT from this file, as the user named it. */
  updateFile?: string | undefined;
  /** Options before the command that say which device is meant, to be repeated in a command that goes on. */
  deviceOptions: readonly string[];
  /** Options of the command that have to be repeated likewise. */
  serviceOptions: readonly string[];
}

/** @throws MooringError `store.name.unsafe`, `store.name.same` */
export function checkNames({ developer, update }: Request): void {
  checkCertificateName(developer);
  checkCertificateName(update);
  // A Team Store in a cloud folder or on another system may not tell upper case from lower.
  if (developer.normalize('NFC').toLowerCase() !== update.normalize('NFC').toLowerCase()) return;
  throw storeErrors('store.name.same', {
    message: `The developer certificate and the update certificate are both named '${developer}'.`,
    next: 'Give them two names that differ in more than upper and lower case.',
    data: { name: developer },
  });
}

/** The command line that does the same without making CERT again. */
export function goOnCommand(request: Request, { withFile }: { withFile: boolean }): string {
  const names = [request.developer, request.update];
  return commandLine([
    'mbl-cli',
    ...request.deviceOptions,
    'provision-pelion',
    ...(withFile && request.updateFile ? ['-p', request.updateFile] : []),
    ...request.serviceOptions,
    // What begins with a dash would be taken for an option.
    ...(names.some((name) => name.startsWith('-')) ? ['--'] : []),
    ...names,
  ]);
}
