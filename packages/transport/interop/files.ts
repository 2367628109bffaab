import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import type { Credentials } from '@mooring/transport';

const folder = mkdtempSync(join(tmpdir(), 'mooring-transport-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A file for the time of the tests. */
export function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

export interface CredentialFiles {
  readonly key: string;
  readonly certificate: string;
}

export const filesOf = (name: string, { key, certificate }: Credentials): CredentialFiles => ({
  key: file(`${name}.key`, key),
  certificate: file(`${name}.pem`, certificate),
});
