import type { AuthContext } from 'ssh2';
import ssh2 from 'ssh2';
import type { RootFolder } from '../root/root-folder.ts';

/**
 * Who may log in. Development images of MBL let root in without a password; production images only with a key of
 * `/home/root/.ssh/authorized_keys` (mbl-device.md §1).
 */
export type Access = 'open' | 'keys' | { password: string };

export async function mayEnter(attempt: AuthContext, access: Access, root: RootFolder): Promise<boolean> {
  if (attempt.username !== 'root') return false;
  switch (attempt.method) {
    case 'none':
      return access === 'open';
    case 'password':
      if (access === 'open') return attempt.password === '';
      return typeof access === 'object' && attempt.password === access.password;
    case 'publickey': {
      const key = (await authorizedKeys(root)).find((one) => one.getPublicSSH().equals(attempt.key.data));
      if (!key) return false;
      // Without a signature the client only asks whether this key would do.
      if (!attempt.signature || !attempt.blob) return true;
      return key.verify(attempt.blob, attempt.signature, attempt.hashAlgo) === true;
    }
    default:
      return false;
  }
}

/** What a refused client may try next. */
export function methodsFor(access: Access): ('password' | 'publickey')[] {
  return access === 'keys' ? ['publickey'] : ['publickey', 'password'];
}

async function authorizedKeys(root: RootFolder) {
  const path = '/home/root/.ssh/authorized_keys';
  if (!(await root.exists(path))) return [];
  const lines = (await root.read(path)).toString('utf8').split('\n');
  return lines.flatMap((line) => {
    const key = ssh2.utils.parseKey(line.trim());
    return key instanceof Error ? [] : [key];
  });
}
