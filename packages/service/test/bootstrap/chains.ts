import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Certificate, parseCertificate } from '@mooring/pki';

const texts = new Map(
  readFileSync(join(import.meta.dirname, 'fixtures/chains.pem'), 'utf8')
    .split(/^# /m)
    .filter((part) => part.includes('BEGIN'))
    .map((part): [string, string] => [part.slice(0, part.indexOf('\n')), part.slice(part.indexOf('\n'))]),
);

/** A certificate of the fixtures by its name. */
export function certificate(name: string): Certificate {
  const pem = texts.get(name);
  if (pem === undefined) throw new Error(`no certificate ${name}`);
  return parseCertificate(pem);
}
