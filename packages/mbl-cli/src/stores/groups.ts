import { execFile } from 'node:child_process';
import { readFileIfExists } from '@mooring/platform';

export interface Group {
  name: string;
  gid: number;
}

/** The groups of this machine, and those of this process. */
export interface Groups {
  find(name: string): Promise<Group | undefined>;
  /** Undefined where the system has no such groups. */
  own(): { uid: number; gids: readonly number[] } | undefined;
}

export const systemGroups: Groups = {
  async find(name) {
    if (process.platform === 'darwin') return fromDirectory(name);
    // Groups of a network directory are known to getent alone.
    const line = await said('getent', ['group', name]);
    return groupOfLine(line ?? lineIn((await readFileIfExists('/etc/group'))?.toString('utf8') ?? '', name));
  },
  own() {
    const uid = process.getuid?.();
    if (uid === undefined) return undefined;
    return { uid, gids: [...(process.getgroups?.() ?? []), process.getegid?.() ?? -1] };
  },
};

/** @param line `name:password:gid:members` (group(5)) */
function groupOfLine(line: string | undefined): Group | undefined {
  const [name, , gid] = line?.split(':') ?? [];
  return name && gid && /^\d+$/.test(gid) ? { name, gid: Number(gid) } : undefined;
}

const lineIn = (text: string, name: string) => text.split('\n').find((line) => line.startsWith(`${name}:`));

async function fromDirectory(name: string): Promise<Group | undefined> {
  const gid = /^PrimaryGroupID: (\d+)$/m.exec(
    (await said('dscl', ['/Search', '-read', `/Groups/${name}`, 'PrimaryGroupID'])) ?? '',
  )?.[1];
  return gid === undefined ? undefined : { name, gid: Number(gid) };
}

/** The first lines of a program's output; undefined if it is not there or fails. */
function said(program: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(program, args, { timeout: 10_000 }, (error, stdout) => resolve(error ? undefined : stdout.trim()));
  });
}
