import type { Certificate } from '@mooring/pki';
import type { NewFile } from '../project-folder.ts';
import type { Settings } from '../settings.ts';

/** How devices are to trust updates of the project, by a certificate or a pre-shared key. */
export interface Trust {
  settings: Pick<
    Settings,
    'default-certificates' | 'private-key' | 'signing-tool' | 'signing-key-id' | 'psk-master-key'
  >;
  /** Names of all devices with a key of their own. */
  urns: readonly string[];
  /** For the C file. */
  resources: { certificate?: Certificate; psk?: Uint8Array; pskId?: Uint8Array };
  /** In `.update-certificates`. */
  files: readonly NewFile[];
  /** Copies of files that are replaced. */
  copies: readonly NewFile[];
  /** Lines for the log, once everything is written. */
  done: readonly string[];
  /** For `--json`. */
  result: Readonly<Record<string, unknown>>;
}
