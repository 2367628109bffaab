import type { Option, Values } from '@mooring/terminal';
import { acceptLikeOption } from '../accept-like.ts';
import { projectFiles } from '../project-folder.ts';
import type { VerifyOptions } from './verify.ts';

/** The options of `verify`, which `sign` has as well. */
export const verifyOptions: readonly Option[] = [
  {
    flags: ['-d', '--certificate-directory'],
    name: 'certificate_directory',
    metavar: 'DIRECTORY',
    help: `A folder with certificates in files named by their fingerprint (${projectFiles.certificates}).`,
  },
  {
    flags: ['-V', '--vendor-id'],
    name: 'vendor_id',
    metavar: 'VENDOR_ID',
    help: `The vendor id to expect, in place of that in ${projectFiles.settings}.`,
  },
  {
    flags: ['-C', '--class-id'],
    name: 'class_id',
    metavar: 'CLASS_ID',
    help: `The class id to expect, in place of that in ${projectFiles.settings}.`,
  },
  {
    flags: ['-j', '--pretty-json'],
    name: 'pretty_json',
    hidden: true,
    help: 'Did nothing in 1.4.8, and does nothing here.',
  },
  {
    flags: ['-e', '--encoding'],
    name: 'encoding',
    metavar: '{der}',
    choices: ['der'],
    default: 'der',
    help: 'The encoding of the manifest.',
  },
  {
    flags: ['--psk-table'],
    name: 'psk_table',
    metavar: 'TABLE',
    help: `Check a manifest that was made with --mac: the table that was made with it. The master key is that of ${projectFiles.settings}.`,
  },
  acceptLikeOption(
    '1.4.8',
    'bytes after the end, a timestamp out of bounds and a manifest of a mode without signature are taken, and an apply period that has not ended is refused',
  ),
];

export function verifyOptionsOf(values: Values): VerifyOptions {
  const text = (name: string) => values[name] as string | undefined;
  return {
    certificateDirectory: text('certificate_directory'),
    vendorId: text('vendor_id'),
    classId: text('class_id'),
    pskTable: text('psk_table'),
    like: values.accept_like !== undefined,
  };
}
