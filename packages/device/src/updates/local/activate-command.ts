import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { backgroundTimers, isMooringError } from '@mooring/platform';
import type { Command } from '@mooring/terminal';
import { updateErrors } from '../errors.ts';

/** Exit statuses of MBL's arm_update_activate.sh. */
const statuses = { header: 21, path: 24, install: 25 } as const;

export const activate: Command = {
  name: 'activate',
  summary: "Install a payload for MBL's client, as its arm_update_activate.sh.",
  description: 'The header is that of the payload; it becomes the one of the firmware that runs. Nothing is restarted.',
  options: [
    { flags: ['--header'], name: 'header', metavar: 'FILE', help: 'Header of the payload.', required: true },
    { flags: ['-f', '--firmware'], name: 'firmware', metavar: 'FILE', help: 'The payload.', required: true },
    { flags: ['-l', '--location'], name: 'location', metavar: 'N', help: 'Not used.', hidden: true },
    { flags: ['-o', '--offset'], name: 'offset', metavar: 'N', help: 'Not used.', hidden: true },
    { flags: ['-s', '--size'], name: 'size', metavar: 'N', help: 'Not used.', hidden: true },
  ],
  exitCodes: {
    [statuses.header]: 'the header cannot be read, or is none',
    [statuses.path]: 'the payload cannot be read',
    [statuses.install]: 'the payload cannot be installed',
  },
  async run(context, values) {
    const { Board } = await import('../board/board.ts');
    const { boardSettings } = await import('../board/settings.ts');
    const { decodeFirmwareHeader } = await import('../firmware-header.ts');
    const { installFile } = await import('./install-file.ts');
    const path = resolve(context.cwd, String(values.firmware));
    const headerPath = resolve(context.cwd, String(values.header));
    const header = decodeFirmwareHeader(await readFile(headerPath).catch(() => new Uint8Array()));
    if (!header) {
      throw updateErrors('update.refused', {
        message: `${headerPath} is not the header of a firmware.`,
        exitCode: statuses.header,
      });
    }
    const board = new Board({ settings: boardSettings(context.io.env), timers: backgroundTimers });
    try {
      const pending = await board.use(async (installer) => {
        await installer.recover();
        return installFile(installer, path, (digest, size) => {
          if (digest === header.digest || /^0+$/.test(header.digest)) return { ...header, digest, size };
          throw updateErrors('update.image.wrong', { message: `${path} is not the payload that ${headerPath} is of.` });
        });
      });
      return { restart: pending === 'device' };
    } catch (error) {
      if (!isMooringError(error)) throw error;
      const exitCode = error.code === 'file.not.found' ? statuses.path : statuses.install;
      throw updateErrors('update.refused', { message: error.message, exitCode, cause: error });
    }
  },
};
