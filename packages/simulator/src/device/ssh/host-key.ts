import { generateKeyPairSync } from 'node:crypto';
import { readFileIfExists, writeFileAtomic } from '@mooring/platform';
import type { RootFolder } from '../root/root-folder.ts';

/** Where the device keeps its own key, made when it starts for the first time. */
const path = '/etc/ssh/ssh_host_ecdsa_key';

/** The key by which clients know the device again, as PEM. */
export async function hostKey(root: RootFolder): Promise<string> {
  await root.makeFolders('/etc/ssh');
  const { host } = await root.find(path);
  const kept = await readFileIfExists(host);
  if (kept) return kept.toString('utf8');
  // Not ssh2's own generator: one in some hundred of its Ed25519 keys cannot be read again.
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = privateKey.export({ type: 'sec1', format: 'pem' }) as string;
  await writeFileAtomic(host, pem, 0o600);
  return pem;
}
