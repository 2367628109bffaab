type Environment = Readonly<Record<string, string | undefined>>;

/** Where things of an update are on this board. MBL's places unless something else is said. */
export interface BoardSettings {
  /** Journal and lock; on a partition that both roots share. */
  readonly updates: string;
  /** What is downloaded or put there, and what is needed until an update has ended. */
  readonly scratch: string;
  readonly apps: string;
  readonly partInfo: string;
  readonly bootFlags: string;
  readonly bootFolders: readonly string[];
  readonly banks: 'flag' | 'u-boot';
  readonly ubootBank: string;
  readonly plugins: string;
  readonly agent: string;
  /** Number of the agent that runs; undefined for the programs of the package. */
  readonly agentNumber: number | undefined;
  readonly appsRun: string;
  readonly containers: 'runc' | 'none';
  readonly reboot: readonly string[];
  readonly bootId: string | undefined;
  readonly noRebootFlag: string;
  readonly swupdate: 'all' | 'unknown' | 'never';
  readonly swupdateOptions: readonly string[];
  /** ms in which new software has to reach its service. */
  readonly confirmWithin: number;
}

/** Each setting is a variable, which the launcher takes from /etc/default/mooring-device. */
export const boardVariables = {
  MOORING_UPDATES_DIR: ['/config/user/mooring-updates', 'Journal of the updates; where both roots see it.'],
  MOORING_SCRATCH_DIR: ['/scratch', 'Downloads, and what an update needs until it has ended.'],
  MOORING_APPS_DIR: ['/home/app', 'Applications.'],
  MOORING_PART_INFO_DIR: ['/config/factory/part-info', 'What MBL writes of the partitions.'],
  MOORING_BOOT_FLAGS_DIR: ['/var/log/bootflags', 'Flag of the bank that boots, and header of the firmware that runs.'],
  MOORING_BOOT_DIRS: ['/boot', 'Folders of the boot partition, with colons between them.'],
  MOORING_BANKS: ['flag', 'How the bank is chosen: flag (a file, as MBL) or u-boot (its environment).'],
  MOORING_UBOOT_BANK: ['mooring_bank', "Variable of U-Boot's environment that says the bank, 1 or 2."],
  MOORING_PLUGINS_DIR: ['/usr/lib/mooring-device/installers', 'Programs that install images of other types.'],
  MOORING_AGENT_DIR: ['/opt/mooring/agent', 'Updated versions of these programs.'],
  MOORING_SWUPDATE: ['unknown', 'What SWUpdate installs: unknown (what nothing else here knows), all, never.'],
  MOORING_SWUPDATE_OPTIONS: ['', 'Options that its build asks for, such as: -k /etc/swupdate/public.pem'],
  MOORING_APPS_RUN_DIR: ['/run/mooring/apps', 'What is known of the applications that run; gone with a restart.'],
  MOORING_CONTAINERS: ['runc', 'What runs applications: runc, or none (they are installed alone).'],
  MOORING_REBOOT: ['systemctl reboot', 'Command that starts the device anew.'],
  MOORING_BOOT_ID: ['', 'Other than at the last start of the device; what the kernel says, if nothing else is said.'],
  MOORING_NO_REBOOT_FLAG: ['/tmp/do_not_reboot', 'There after an update that needs no restart (as of MBL).'],
  MOORING_CONFIRM_SECONDS: ['900', 'Time in which new software has to reach its service before the old comes back.'],
} as const;

export function boardSettings(env: Environment): BoardSettings {
  const value = (name: keyof typeof boardVariables): string => env[name] || boardVariables[name][0];
  const words = (text: string, between: RegExp) => text.split(between).filter((one) => one !== '');
  const swupdate = value('MOORING_SWUPDATE');
  const seconds = Number(value('MOORING_CONFIRM_SECONDS'));
  return {
    updates: value('MOORING_UPDATES_DIR'),
    scratch: value('MOORING_SCRATCH_DIR'),
    apps: value('MOORING_APPS_DIR'),
    partInfo: value('MOORING_PART_INFO_DIR'),
    bootFlags: value('MOORING_BOOT_FLAGS_DIR'),
    bootFolders: words(value('MOORING_BOOT_DIRS'), /:/),
    banks: value('MOORING_BANKS') === 'u-boot' ? 'u-boot' : 'flag',
    ubootBank: value('MOORING_UBOOT_BANK'),
    plugins: value('MOORING_PLUGINS_DIR'),
    agent: value('MOORING_AGENT_DIR'),
    agentNumber: /^\d{1,9}$/.test(env.MOORING_AGENT ?? '') ? Number(env.MOORING_AGENT) : undefined,
    appsRun: value('MOORING_APPS_RUN_DIR'),
    containers: value('MOORING_CONTAINERS') === 'none' ? 'none' : 'runc',
    reboot: words(value('MOORING_REBOOT'), /\s+/),
    bootId: value('MOORING_BOOT_ID') || undefined,
    noRebootFlag: value('MOORING_NO_REBOOT_FLAG'),
    swupdate: swupdate === 'all' || swupdate === 'never' ? swupdate : 'unknown',
    swupdateOptions: words(value('MOORING_SWUPDATE_OPTIONS'), /\s+/),
    confirmWithin: 1000 * (Number.isFinite(seconds) && seconds > 0 ? seconds : 900),
  };
}
