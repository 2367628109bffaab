import type { Clock } from '@mooring/platform';

/** Lines as MBL's program logs them, which people and their tests look for. */
export interface Voice {
  info(text: string): void;
  debug(text: string): void;
}

export function voiceOf(clock: Clock, write: (text: string) => void, verbose: boolean): Voice {
  const say = (level: string) => (text: string) => {
    const time = clock.now().toISOString().replace('T', ' ').replace('.', ',').replace('Z', '');
    write(`${time} - mbl.firmware_update_manager.utils - ${level} - ${text}\n`);
  };
  return { info: say('INFO'), debug: verbose ? say('DEBUG') : () => undefined };
}
