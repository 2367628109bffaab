import { backgroundTimers } from '@mooring/platform';
import type { Command } from '@mooring/terminal';

export const recover: Command = {
  name: 'recover',
  summary: 'Go on with an update that a restart interrupted, and start the applications.',
  description: 'For boards without mbl-cloud-client, once after each boot; the client does it itself when it starts.',
  async run(context) {
    const { Board } = await import('../board/board.ts');
    const { boardSettings } = await import('../board/settings.ts');
    const { io, output } = context;
    const board = new Board({ settings: boardSettings(io.env), timers: backgroundTimers });
    const pending = await board.use(async (installer) => {
      const found = await installer.recover();
      // Whoever asks for this has no service that could be reached: that the device came so far has to do.
      if (found === 'confirmation') await installer.confirm();
      return found === 'confirmation' ? 'nothing' : found;
    });
    const failures = await board.startApplications();
    for (const line of failures) output.note(line);
    output.line(pending === 'nothing' ? 'Nothing is left to do.' : `A restart is needed: ${pending}.`);
    return { pending, failures };
  },
};
