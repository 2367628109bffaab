// obtain-credentials URL API-KEY NAME FOLDER: has a service make a developer certificate, and writes what mbl-cli would
// put on a device into the folder. Bundled by the test, and run where the service is.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readDeveloperCredentials, readUpdateResources, writeUpdateResources } from '@mooring/credentials';
import { generateKeyPair, issueCertificate, parseCertificate } from '@mooring/pki';

const [url = '', key = '', name = '', folder = ''] = process.argv.slice(2);

async function ask(path: string, body?: unknown): Promise<Record<string, unknown>> {
  const answer = await fetch(`${url}${path}`, {
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Record<string, unknown>;
}

const made = await ask('/v3/developer-certificates', { name });
const { security_file_content: source } = await ask(`/v3/developer-certificates/${made.id}`);
const { privateKey, publicKey } = generateKeyPair();
const update = issueCertificate({
  subject: { commonName: 'Update' },
  subjectKey: publicKey,
  key: privateKey,
  notBefore: new Date('2026-01-01T00:00:00Z'),
  notAfter: new Date('9999-12-31T23:59:59Z'),
  profile: 'update',
});
const resources = writeUpdateResources({
  vendorId: Buffer.alloc(16, 1),
  classId: Buffer.alloc(16, 2),
  certificate: parseCertificate(update),
});
mkdirSync(folder, { recursive: true });
for (const { name: file, data } of [
  ...readDeveloperCredentials(String(source), 'developer.c').items,
  ...readUpdateResources(resources, 'update.c').items,
]) {
  writeFileSync(join(folder, `${file}.bin`), data);
}
