import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';

/** What is looked at to find out; the real ones if absent. */
export interface WslTraces {
  /** `WSL_DISTRO_NAME` is set inside. */
  env: Readonly<Record<string, string | undefined>>;
  /** `/proc/version`; empty if there is none. */
  kernel(): Promise<string>;
  /** `wslinfo --networking-mode`; empty if there is no such program. */
  mode(): Promise<string>;
}

const kernel = () => readFile('/proc/version', 'utf8').catch(() => '');
const mode = () =>
  new Promise<string>((resolve) => {
    execFile('wslinfo', ['--networking-mode'], { timeout: 2_000 }, (_, stdout) => resolve(stdout));
  });

/**
 * What to do where this is the Windows Subsystem for Linux, whose usual network has Windows between it and the devices:
 * neither multicast nor IPv6 link-local addresses pass. Undefined elsewhere.
 */
export async function wslAdvice({
  env,
  ...traces
}: Partial<WslTraces> & Pick<WslTraces, 'env'>): Promise<string | undefined> {
  const { kernel: kernelOf, mode: modeOf } = { kernel, mode, ...traces };
  if (!env.WSL_DISTRO_NAME && !/microsoft/i.test(await kernelOf())) return undefined;
  const found = (await modeOf()).trim().toLowerCase();
  if (found === 'mirrored' || found === 'bridged') {
    return `This is WSL2 with ${found} networking, in which devices can be found if the firewalls of Windows let their answers in: UDP port 5353, in the Hyper-V firewall too (New-NetFirewallHyperVRule in PowerShell).`;
  }
  return "This is WSL2 with its network behind Windows, where neither multicast DNS nor link-local addresses pass. Put 'networkingMode=mirrored' under [wsl2] into the file .wslconfig of your Windows home folder (Windows 11 22H2 or later), run 'wsl --shutdown' in Windows and begin anew; or give the device's IPv4 address: '-a ADDRESS' or 'select --address ADDRESS'.";
}
