import { rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { backgroundTimers, fileError, isMooringError, MooringError, removeTree } from '@mooring/platform';
import type { Command, CommandContext } from '@mooring/terminal';
import type { Pending } from '../installer/installer.ts';

export const update: Command = {
  name: 'update',
  summary: 'Install an update payload, and start the device anew where that is needed.',
  description:
    'The name of the command may be left out. What is installed this way is not signed: whoever is root on the device decides. All parts of a payload are installed, or none.',
  positionals: [{ name: 'package', metavar: 'update-package', help: 'The payload, a .swu file.' }],
  options: [
    {
      flags: ['--assume-no'],
      name: 'assumeNo',
      excludes: 'reboot',
      help: 'Do not restart the device; it stays to be done.',
    },
    { flags: ['--assume-yes'], name: 'assumeYes', excludes: 'reboot', help: 'Restart the device without asking.' },
    { flags: ['--keep'], name: 'keep', help: 'Keep the payload, and the header that was made for it.' },
    { flags: ['-v', '--verbose'], name: 'verbose', help: 'Say more.' },
  ],
  examples: [
    {
      run: 'mbl-firmware-update-manager --assume-no /scratch/payload.swu',
      does: 'installs, and leaves the restart to you',
    },
  ],
  async run(context, values) {
    const { Board } = await import('../board/board.ts');
    const { boardSettings } = await import('../board/settings.ts');
    const { encodeFirmwareHeader } = await import('../firmware-header.ts');
    const { installFile, localVersion } = await import('./install-file.ts');
    const { voiceOf } = await import('./voice.ts');
    const { io, clock } = context;
    const settings = boardSettings(io.env);
    const voice = voiceOf(clock, (text) => void io.stderr.write(text), values.verbose === true);
    const path = resolve(context.cwd, String(values.package));
    const headerFile = join(settings.scratch, 'firmware_update_header_file');
    const board = new Board({ settings, timers: backgroundTimers });

    const pending = await board
      .use(async (installer): Promise<Pending> => {
        await installer.recover();
        await writeFile(settings.noRebootFlag, '').catch(() => undefined);
        voice.info('Creating HEADER file data from update package...');
        return installFile(installer, path, (digest, size) => {
          const software = { version: localVersion(installer.state.running, clock), digest, size };
          voice.info('Header file data created');
          void writeFile(headerFile, encodeFirmwareHeader(software)).catch(() => undefined);
          voice.info("Delegating update package's content installation...");
          return software;
        });
      })
      .catch((error: unknown) => {
        throw failure(path, fileError(error, path));
      })
      .finally(() => (values.keep === true ? undefined : removeTree(headerFile)));

    voice.info('Content of update package installed');
    if (values.keep !== true) await rm(path, { force: true });
    if (pending === 'nothing' || pending === 'agent') {
      const { restartClient } = await import('./restart.ts');
      await restartClient(io.env, voice);
    } else {
      await rm(settings.noRebootFlag, { force: true });
      if (values.assumeNo !== true) await restartDevice(context, values.assumeYes === true, board);
    }
    return { package: path, installed: true, restart: pending === 'device' || pending === 'confirmation' };
  },
};

function failure(path: string, error: unknown): unknown {
  if (!isMooringError(error)) return error;
  const { code, message, next, data } = error;
  return new MooringError(code, {
    message: `Failed to update firmware from update package '${path}', error: '${message}'`,
    cause: error,
    ...(next === undefined ? {} : { next }),
    ...(data === undefined ? {} : { data }),
  });
}

async function restartDevice(
  { output, prompt }: CommandContext,
  assumeYes: boolean,
  board: { reboot(): Promise<void> },
): Promise<void> {
  output.line('The device will be restarted.');
  if (!assumeYes) {
    if (!prompt.interactive) {
      output.note('There is no terminal to ask on: the restart is yours. --assume-yes does it.');
      return;
    }
    for (;;) {
      const answer = (await prompt.ask('Proceed (y/n)?')).trim();
      if (answer === 'n') return;
      if (answer === 'y') break;
      output.line(`Your response ('${answer}') was not one of the expected responses: y, n`);
    }
  }
  output.line('Rebooting device...');
  await board.reboot();
}
