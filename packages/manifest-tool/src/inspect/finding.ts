/** From good to bad. Only a `problem` makes `inspect` end with status 1. */
export type Weight = 'fits' | 'note' | 'warning' | 'problem';

/** What `inspect` can find, by the codes that `--json` has. */
export const findingCodes = {
  'file.damaged': 'The file cannot be read as what it seems to be.',
  'manifest.check': 'The manifest breaks a rule that our own devices go by; `check` names it.',
  'manifest.signer.unknown': 'None of the files is a certificate or key with which the manifest can be verified.',
  'manifest.signature': 'Whether a certificate or key verifies the manifest.',
  'manifest.image.signature': 'Whether the signature of the installed image in a manifest is good.',
  'manifest.device': 'What devices with these ids and certificates say to the manifest; `clients` has each of them.',
  'manifest.payload': 'Whether a file is what the manifest describes: payload, installed image or the image before it.',
  'certificate.validity': 'The certificate ends within a year, has ended, or is not valid yet.',
  'certificate.unsuitable': 'Devices cannot check signatures with the certificate.',
  'certificate.related': 'Two certificates have one key, or one issued the other.',
  'key.access': 'Others than its owner can read a private key.',
  'key.unsuitable': 'Devices cannot check what the key signs.',
  'key.pair': 'Whether a private key is that of a certificate.',
  'resources.check': 'The C file does not fit together in itself.',
  'delta.metadata': 'Whether a delta and the .yaml file beside it fit together.',
  'delta.image': 'Whether a file is the image that a delta applies to or makes.',
  'delta.applied': 'What comes of applying the delta to the image that it is for.',
  'package.image': 'A file is one of the images in a package.',
  'settings.file': 'A file that settings name is missing.',
  'settings.unfinished': 'An `init` was interrupted; the next one finishes it or takes it back.',
  'settings.drift': 'Settings and what devices are given from the same folder say different things.',
  'ids.differ': 'Files that were named together are for devices of different ids.',
  'psk.master': 'Whether a master key is the one that a C file or manifest was made with.',
} as const;

export type FindingCode = keyof typeof findingCodes;

export interface Finding {
  readonly weight: Weight;
  readonly code: FindingCode;
  /** The files that it is about. */
  readonly files: readonly string[];
  readonly text: string;
  /** Lines below it on the page. */
  readonly more?: readonly string[];
  /** Facts for `--json`. */
  readonly data?: Readonly<Record<string, unknown>>;
}
