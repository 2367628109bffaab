import { updateErrors } from '../errors.ts';
import type { Programs } from '../programs.ts';
import type { Bank, Banks } from './banks.ts';
import type { RootPartitions } from './partitions.ts';

/** Names in U-Boot's environment. */
export interface UbootNames {
  /** 1 or 2: the bank that `bootcmd` takes. */
  readonly bank: string;
}

/**
 * Banks by U-Boot's environment with its boot count (CONFIG_BOOTCOUNT_LIMIT): while `upgrade_available` is 1 U-Boot counts
 * boots, and after `bootlimit` of them runs `altbootcmd`, which has to take the other bank.
 */
export function ubootBanks(programs: Programs, partitions: RootPartitions, names: UbootNames): Banks {
  const read = async (name: string): Promise<string> => {
    const { status, stdout } = await programs.run('fw_printenv', ['-n', name]);
    return status === 0 ? stdout.trim() : '';
  };
  // One script is one write: U-Boot finds all of it or nothing, where the environment is kept twice.
  const write = async (values: Readonly<Record<string, string>>) => {
    const script = Object.entries(values).map(([name, value]) => `${name} ${value}\n`);
    const { status, stderr } = await programs.run('fw_setenv', ['-s', '-'], script.join(''));
    if (status === 0) return;
    throw updateErrors('update.board', {
      message: `The environment of U-Boot cannot be written: ${stderr.trim()}.`,
      next: 'Check /etc/fw_env.config.',
    });
  };
  return {
    running: () => partitions.running(),
    device: (bank) => partitions.device(bank),
    chosen: async (): Promise<Bank> => ((await read(names.bank)) === '2' ? 2 : 1),
    async choose(bank) {
      const onTrial = bank !== (await partitions.running());
      await write({ [names.bank]: `${bank}`, bootcount: '0', upgrade_available: onTrial ? '1' : '0' });
    },
    async confirm() {
      if ((await read('upgrade_available')) !== '0') await write({ upgrade_available: '0', bootcount: '0' });
    },
  };
}
