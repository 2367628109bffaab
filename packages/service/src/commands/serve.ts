import type { Command, CommandContext } from '@mooring/terminal';
import packageFile from '../../package.json' with { type: 'json' };
import { uriHost } from '../serve/address.ts';
import type { Log } from '../serve/log.ts';
import { serveOptions } from '../serve/settings-table.ts';
import type { RunningService } from '../serve/start.ts';

const transportText = (transport: 'tls' | 'dtls'): string =>
  transport === 'tls' ? 'TLS over TCP' : 'DTLS over UDP, at the same port numbers';

function sayReady({ output }: CommandContext, service: RunningService, data: string): void {
  output.line(`Mooring is ready at ${service.url}`);
  output.line(
    `  account      ${service.account}${service.firstStart ? ' (made just now, with its certificate authorities)' : ''}`,
  );
  if (service.metrics)
    output.line(`  metrics      http://${uriHost(service.metrics.host)}:${service.metrics.port}/metrics`);
  output.line(`  data         ${data}`);
  output.line(`  master key   ${service.masterKeyPlace}: keep a copy of it elsewhere`);
  output.line(`  devices get  ${service.bootstrapUri}`);
  output.line(`               ${service.lwm2mUri}`);
  if (service.transports) output.line(`  they come by ${service.transports.map(transportText).join(', and by ')}`);
  if (service.ca) output.line(`  HTTPS CA     SHA-256 ${service.ca.fingerprint}`);
  if (service.portalLink) {
    const { url, expiresAt } = service.portalLink;
    output.line('Nobody can sign in yet. Open this to become the administrator; it is good once, and until');
    output.line(`${expiresAt.toISOString().slice(0, 16).replace('T', ' ')} UTC ("mooring portal link" makes another):`);
    output.line(`  ${url}`);
  }
  if (service.firstStart) output.line('Make an API key in another terminal: mooring api-key create NAME');
  output.line('Ctrl-C ends it.');
}

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

/** One Ctrl-C can arrive twice, from the terminal and from a program in between such as npm; in ms. */
const echo = 300;

/** What is acknowledged is on the disk already, and the next start clears the rest away. */
function endAtSecondSignal(log: Log): { end(): void } {
  const since = performance.now();
  const signals = { SIGINT: 130, SIGTERM: 143 } as const;
  const ways = Object.entries(signals).map(([signal, status]) => {
    const way = () => {
      if (performance.now() - since < echo) return;
      log.warning('stopped', 'Ended at once by a second signal.');
      process.exit(status);
    };
    process.on(signal, way);
    return () => process.off(signal, way);
  });
  return { end: () => ways.forEach((off) => void off()) };
}

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
  exitCodes: {
    78: 'a setting, the master key or the data folder is not as it has to be, and starting again does not help',
  },
  async run(context, values) {
    const { hostname } = await import('node:os');
    const { resolveSettings } = await import('../serve/settings.ts');
    const { lineLog } = await import('../serve/log.ts');
    const { startService } = await import('../serve/start.ts');
    const { restServer } = await import('../serve/rest-server.ts');
    const { withStartStatus } = await import('../serve/start-status.ts');
    const settings = await resolveSettings({ options: values, ...context }).catch(withStartStatus);
    const log = lineLog(settings.logFormat, context.clock, (line) => context.io.stderr.write(line), settings.logLevel);
    const service = await startService(settings, {
      env: context.env,
      clock: context.clock,
      log,
      machineName: hostname(),
      version: packageFile.version,
      restServer,
    }).catch(withStartStatus);
    if (context.json) {
      const { url, http, account, bootstrapUri, lwm2mUri, transports = [], adminSocket, ca, metrics } = service;
      const uris = { bootstrapUri, lwm2mUri, transports };
      const portalLink = service.portalLink?.url ?? null;
      const ready = { url, http, pid: process.pid, account, ...uris, adminSocket, ca: ca ?? null, portalLink };

      context.report(metrics ? { ...ready, metrics } : ready);
    } else sayReady(context, service, settings.data);
    await untilAborted(context.signal);
    log.info('stopping', 'Stopping: running requests may end. A second signal ends at once.');
    const patience = endAtSecondSignal(log);
    try {
      await service.close();
    } finally {
      patience.end();
    }
    log.info('stopped', 'Stopped.');
  },
};
