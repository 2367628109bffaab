import type { Duplex } from 'node:stream';
import { sshErrors } from '../errors.ts';
import type { ConnectOptions } from './connect.ts';
import { openSocket } from './network.ts';
import { expandCommand } from './proxy.ts';
import { describeTarget, type Target } from './target.ts';

/**
 * Opens the way to the SSH server of a device: over the network, or as `ProxyJump` or `ProxyCommand` of `~/.ssh/config`
 * have it. What a way needs besides is closed with it.
 *
 * @throws MooringError `ssh.unreachable`, `ssh.timeout`, `ssh.proxy.failed`, `interrupted`
 */
export async function openWay(target: Target, options: ConnectOptions): Promise<Duplex> {
  const { proxy } = target.settings;
  const { signal, note, connectTimeout = 10_000 } = options;
  if (!proxy) return openSocket(target, signal, connectTimeout);
  if ('gates' in proxy) {
    const { throughGates } = await import('./gates.ts');
    return throughGates(proxy.gates, target, { ...options, connectTimeout });
  }
  const { CommandStream } = await import('./command-stream.ts');
  const command = expandCommand(proxy.command, target);
  note(`Starting the ProxyCommand '${command}'.`);
  return new CommandStream(command, (how, said) =>
    sshErrors('ssh.proxy.failed', {
      message: `The ProxyCommand that leads to ${describeTarget(target)} ${how}${said === '' ? '' : `: ${said}`}.`,
      next: `It is from ~/.ssh/config. Try it by hand: ${command}`,
      data: { command },
    }),
  );
}

/** How a device is reached that is not on a network of this machine; undefined if it is. */
export function describeProxy({ settings: { proxy } }: Target): string | undefined {
  if (!proxy) return undefined;
  if ('command' in proxy) return 'ProxyCommand of ~/.ssh/config';
  return `ProxyJump of ~/.ssh/config, by way of ${proxy.gates.map(({ host }) => host).join(' and ')}`;
}
