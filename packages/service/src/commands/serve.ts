import type { Command, CommandContext } from '@mooring/terminal';
import { serveOptions } from '../serve/settings-table.ts';
import type { RunningService } from '../serve/start.ts';

function sayReady({ output }: CommandContext, service: RunningService, data: string): void {
  output.line(`Mooring is ready at ${service.url}`);
  output.line(
    `  account      ${service.account}${service.firstStart ? ' (made just now, with its certificate authorities)' : ''}`,
  );
  output.line(`  data         ${data}`);
  output.line(`  master key   ${service.masterKeyPlace}: keep a copy of it elsewhere`);
  output.line(`  devices get  ${service.bootstrapUri}`);
  output.line(`               ${service.lwm2mUri}`);
  if (service.ca) output.line(`  HTTPS CA     SHA-256 ${service.ca.fingerprint}`);
  if (service.firstStart) output.line('Make an API key in another terminal: mooring api-key create NAME');
  output.line('Ctrl-C ends it.');
}

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

export const serve: Command = {
  name: 'serve',
  summary: 'Run the service.',
  description:
    'Runs the Device Management service until Ctrl-C or SIGTERM, on its embedded database. The first start makes the data folder, the master key, the account and its certificate authorities. Every option can also be a variable or stand in a file: see the reference page on settings.',
  options: serveOptions,
  examples: [
    { run: 'mooring serve', does: 'for this machine alone, at http://127.0.0.1:8080' },
    {
      run: 'mooring serve --data /srv/mooring --http 0.0.0.0:8443 --tls-own --public-host iot.example.com',
      does: 'for a network, with a certificate of its own authority',
    },
    { run: 'mooring serve --http 127.0.0.1:0 --json', does: 'on any free port, which the JSON line names' },
  ],
  async run(context, values) {
    const { hostname } = await import('node:os');
    const { resolveSettings } = await import('../serve/settings.ts');
    const { lineLog } = await import('../serve/log.ts');
    const { startService } = await import('../serve/start.ts');
    const { restServer } = await import('../serve/rest-server.ts');
    const settings = await resolveSettings({ options: values, ...context });
    const log = lineLog(settings.logFormat, context.clock, (line) => context.io.stderr.write(line));
    const service = await startService(settings, {
      env: context.env,
      clock: context.clock,
      log,
      machineName: hostname(),
      restServer,
    });
    if (context.json) {
      const { url, http, account, bootstrapUri, lwm2mUri, adminSocket, ca } = service;
      const ready = { url, http, pid: process.pid, account, bootstrapUri, lwm2mUri, adminSocket, ca: ca ?? null };
      context.report(ready);
    } else sayReady(context, service, settings.data);
    await untilAborted(context.signal);
    log.info('stopping', 'Stopping: running requests may end.');
    await service.close();
    log.info('stopped', 'Stopped.');
  },
};
