import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Clock, fixedClock } from '@mooring/platform';
import type { LogLevel } from '../../src/serve/log.ts';
import { restServer } from '../../src/serve/rest-server.ts';
import { resolveSettings } from '../../src/serve/settings.ts';
import { type RunningService, startService, type World } from '../../src/serve/start.ts';
import { temporaryFolder } from '../temporary-folder.ts';

export interface Started extends RunningService {
  readonly data: string;
  readonly log: { level: LogLevel; event: string; message: string }[];
}

/** Starts a service in this process on a free port; what is given is as on the command line. It ends with the test. */
export async function start(
  t: Pick<TestContext, 'after'>,
  options: Readonly<Record<string, unknown>> = {},
  world: Partial<World> & { clock?: Clock } = {},
): Promise<Started> {
  const data = String(options.data ?? join(temporaryFolder(t), 'data'));
  const log: Started['log'] = [];
  const entry = (level: LogLevel) => (event: string, message: string) => void log.push({ level, event, message });
  const settings = await resolveSettings({
    options: { http: '127.0.0.1:0', devices: 'off', downloads: 'off', ...options, data },
    env: {},
    cwd: '/',
    home: '/nowhere',
  });
  const service = await startService(settings, {
    env: {},
    clock: fixedClock('2026-01-02T03:04:05Z'),
    log: { debug: () => undefined, info: entry('info'), warning: entry('warning'), error: entry('error') },
    machineName: 'build-host',
    restServer,
    ...world,
  });
  t.after(() => service.close());
  return { ...service, data, log };
}
