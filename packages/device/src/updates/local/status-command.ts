import { backgroundTimers } from '@mooring/platform';
import type { Command } from '@mooring/terminal';

export const status: Command = {
  name: 'status',
  summary: 'Tell what software the device runs, and what became of the last update.',
  async run({ io, output }) {
    const { Board } = await import('../board/board.ts');
    const { boardSettings } = await import('../board/settings.ts');
    const { softwareText } = await import('../software.ts');
    const board = new Board({ settings: boardSettings(io.env), timers: backgroundTimers });
    const { state, running } = await board.use(async (installer) => ({
      state: installer.state,
      running: await installer.running(),
    }));
    const { phase, last } = state;
    output.line(`software     ${running ? running.digest : 'as it was made; nothing was updated yet'}`);
    output.line(`version      ${running?.version ?? -1}`);
    output.line(`on its way   ${phase.name === 'idle' ? 'nothing' : phase.name}`);
    output.line(`last update  ${last ? (last.failure?.message ?? 'good') : 'none'}`);
    return {
      running: running && softwareText(running),
      phase: phase.name,
      last: last && { ...last, software: softwareText(last.software) },
    };
  },
};
