import type { Socket } from 'node:net';
import ssh2 from 'ssh2';
import { type HostKey, hostKeyOf } from './known-devices.ts';

/**
 * The host key that an SSH server shows; no login is tried. The socket is closed.
 *
 * @returns undefined where nobody speaks SSH, or not in time
 */
export function shownHostKey(socket: Socket, limit: number): Promise<HostKey | undefined> {
  return new Promise((resolve) => {
    const client = new ssh2.Client();
    let shown: HostKey | undefined;
    const end = () => {
      socket.destroy();
      resolve(shown);
    };
    client.on('error', end).on('close', end);
    client.connect({
      sock: socket,
      username: 'root',
      readyTimeout: limit,
      hostVerifier: (key: Buffer) => {
        shown = hostKeyOf(key);
        return false;
      },
    });
  });
}
