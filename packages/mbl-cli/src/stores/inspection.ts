import type { Sharing } from './store-config.ts';
import type { CertificateKind } from './stored-certificate.ts';

/** What can be wrong with a store; the words are part of `store check --json`. */
export type ProblemKind =
  | 'list-malformed'
  | 'conflict-copy'
  | 'interrupted'
  | 'leftover'
  | 'name'
  | 'missing'
  | 'extra'
  | 'unlisted'
  | 'damaged'
  | 'expired'
  | 'not-yet-valid'
  | 'too-open'
  | 'too-closed'
  | 'group';

export interface Problem {
  kind: ProblemKind;
  path: string;
  /** The certificate it is about. */
  certificate?: string | undefined;
  /** A sentence. */
  says: string;
  /** What a person can do. Absent where `--repair` does it. */
  next?: string | undefined;
}

export interface Entry {
  name: string;
  kind: CertificateKind;
  files: number;
  endpointName?: string | undefined;
  notAfter?: Date | undefined;
}

export interface Inspection {
  folder: string;
  exists: boolean;
  sharing?: Sharing | undefined;
  entries: Entry[];
  problems: Problem[];
}
