import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type Clock, readFileIfExists, withLock, writeFileAtomic } from '@mooring/platform';
import { sshErrors } from '../errors.ts';
import { isRecord, parseJson } from '../json-line.ts';

export interface HostKey {
  /** As in SSH: `ssh-ed25519`. */
  type: string;
  /** As OpenSSH prints it: `SHA256:` and base64 without padding. */
  fingerprint: string;
}

/** The host key that a device showed at first contact. */
export interface KnownDevice extends HostKey {
  /** RFC 3339. */
  since: string;
}

export const knownDevicesPath = (home: string) => join(home, '.mbl-known-devices.json');

/** @param key in the wire form of RFC 4253 §6.6: it begins with its own type */
export function hostKeyOf(key: Buffer): HostKey {
  const length = key.length >= 4 ? key.readUInt32BE(0) : 0;
  const digest = createHash('sha256').update(key).digest('base64').replace(/=+$/, '');
  return { type: key.toString('latin1', 4, 4 + length), fingerprint: `SHA256:${digest}` };
}

/** @throws MooringError `ssh.hostkey.file.malformed` */
export function parseKnownDevices(text: string, path: string): Map<string, KnownDevice> {
  const content = text.trim() === '' ? {} : parseJson(text)?.value;
  if (!isRecord(content)) throw malformed(path, 'is not a JSON object');
  const known = new Map<string, KnownDevice>();
  for (const [name, entry] of Object.entries(content)) {
    const { type, fingerprint, since } = isRecord(entry) ? entry : {};
    if (typeof type !== 'string' || typeof fingerprint !== 'string' || typeof since !== 'string') {
      throw malformed(path, `has an entry ${JSON.stringify(name)} without "type", "fingerprint" and "since"`);
    }
    known.set(name, { type, fingerprint, since });
  }
  return known;
}

/** The host keys of the devices that this user has talked to, by the name or address they were reached under. */
export class KnownDevices {
  private readonly path: string;

  constructor(home: string) {
    this.path = knownDevicesPath(home);
  }

  async find(device: string): Promise<KnownDevice | undefined> {
    return (await this.read()).get(device);
  }

  async remember(device: string, key: HostKey, clock: Clock): Promise<void> {
    await withLock(`${this.path}.lock`, async () => {
      const known = await this.read();
      known.set(device, { ...key, since: clock.now().toISOString() });
      await this.write(known);
    });
  }

  /** @returns false if it was not known */
  async forget(device: string): Promise<boolean> {
    if (!(await this.find(device))) return false;
    return withLock(`${this.path}.lock`, async () => {
      const known = await this.read();
      if (!known.delete(device)) return false;
      await this.write(known);
      return true;
    });
  }

  async all(): Promise<ReadonlyMap<string, KnownDevice>> {
    return this.read();
  }

  /** The names and addresses under which this key is known. */
  async withKey(fingerprint: string): Promise<string[]> {
    return [...(await this.read())].filter(([, key]) => key.fingerprint === fingerprint).map(([name]) => name);
  }

  private async write(known: ReadonlyMap<string, KnownDevice>): Promise<void> {
    await writeFileAtomic(this.path, `${JSON.stringify(Object.fromEntries(known), null, 2)}\n`, 0o600);
  }

  private async read(): Promise<Map<string, KnownDevice>> {
    const text = (await readFileIfExists(this.path))?.toString('utf8') ?? '';
    return parseKnownDevices(text, this.path);
  }
}

function malformed(path: string, what: string) {
  return sshErrors('ssh.hostkey.file.malformed', {
    message: `${path} ${what}.`,
    next: 'It was left as it is. Mend it, or remove it to trust each device anew at its next contact.',
    data: { path },
  });
}
