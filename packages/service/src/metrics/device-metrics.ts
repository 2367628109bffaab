import type { ListenerStats } from '@mooring/transport';
import type { Family, Sample } from './exposition.ts';
import { single } from './exposition.ts';

export type DeviceServerName = 'bootstrap' | 'lwm2m';

/** How a device comes: over TCP, or over UDP. */
export type DeviceTransport = 'tls' | 'dtls';

export const deviceTransports = ['tls', 'dtls'] as const satisfies readonly DeviceTransport[];

/** What is counted of one server, by how devices come to it. */
export type TransportStats = Readonly<Partial<Record<DeviceTransport, ListenerStats>>>;

/** What the servers for devices know of themselves. Counts are since the start. */
export interface DeviceReport {
  readonly listeners: Readonly<Partial<Record<DeviceServerName, TransportStats>>>;
  /** Registered devices that are connected now. */
  readonly connected: number;
  readonly registrations: { readonly registered: number; readonly updated: number };
  readonly bootstraps: {
    readonly done: number;
    readonly unasked: number;
    readonly denied: ReadonlyMap<string, number>;
    readonly failed: ReadonlyMap<string, number>;
  };
  /** Denials of which there is no record, there being too many. */
  readonly denialsUnrecorded: number;
  /** Whether ServerHello.random begins with the time. */
  readonly tellsTime: boolean;
  /** Whether this machine can do DTLS. */
  readonly dtls: boolean;
}

interface Listed {
  readonly labels: { readonly server: DeviceServerName; readonly transport: string };
  readonly stats: ListenerStats;
}

function byServer(listed: readonly Listed[], value: (stats: ListenerStats) => number): Sample[] {
  return listed.map(({ labels, stats }) => ({ labels, value: value(stats) }));
}

const byReason = (counts: ReadonlyMap<string, number>): Sample[] =>
  [...counts].map(([reason, value]) => ({ labels: { reason }, value }));

function listenerFamilies(listed: readonly Listed[]): Family[] {
  return [
    {
      name: 'mooring_device_connections',
      help: 'Connections that are there now, their handshake done.',
      type: 'gauge',
      samples: byServer(listed, ({ channels }) => channels),
    },
    {
      name: 'mooring_device_handshakes_running',
      help: 'Connections in a handshake, or waiting for the decision on trust, now.',
      type: 'gauge',
      samples: byServer(listed, ({ handshakes }) => handshakes),
    },
    {
      name: 'mooring_device_connections_accepted_total',
      help: 'Connections that came; over UDP, those whose address was shown to be their own.',
      type: 'counter',
      samples: byServer(listed, ({ accepted }) => accepted),
    },
    {
      name: 'mooring_device_handshakes_total',
      help: 'Handshakes that were done, and led to a connection.',
      type: 'counter',
      samples: byServer(listed, ({ established }) => established),
    },
    {
      name: 'mooring_device_silent_total',
      help: "Connections that devices ended without a word after the handshake: they may not trust the server's certificate.",
      type: 'counter',
      samples: byServer(listed, ({ silent }) => silent),
    },
    {
      name: 'mooring_device_refusals_total',
      help: 'Connections that were refused before, in or right after the handshake.',
      type: 'counter',
      samples: listed.flatMap(({ labels, stats }) =>
        Object.entries(stats.refused).map(([reason, value]) => ({ labels: { ...labels, reason }, value })),
      ),
    },
  ];
}

/** The servers for devices. */
export function deviceFamilies(report: DeviceReport): Family[] {
  const { listeners, connected, registrations, bootstraps, denialsUnrecorded, tellsTime, dtls } = report;
  const listed = (['bootstrap', 'lwm2m'] as const).flatMap((server) =>
    Object.entries(listeners[server] ?? {}).map(
      ([transport, stats]): Listed => ({ labels: { server, transport }, stats }),
    ),
  );
  return [
    ...listenerFamilies(listed),
    single('gauge', 'mooring_devices_connected', 'Registered devices that are connected now.', connected),
    single('counter', 'mooring_registrations_total', 'Registrations that were accepted.', registrations.registered),
    single(
      'counter',
      'mooring_registration_updates_total',
      'Updates of registrations that were accepted.',
      registrations.updated,
    ),
    single('counter', 'mooring_bootstraps_total', 'Bootstraps that devices went through.', bootstraps.done),
    single(
      'counter',
      'mooring_bootstraps_unasked_total',
      'Connections to the bootstrap server that ended without a request.',
      bootstraps.unasked,
    ),
    {
      name: 'mooring_bootstrap_denials_total',
      help: 'Requests for bootstrap of devices that were not let in.',
      type: 'counter',
      samples: byReason(bootstraps.denied),
    },
    {
      name: 'mooring_bootstrap_failures_total',
      help: 'Bootstraps that were begun and came to nothing.',
      type: 'counter',
      samples: byReason(bootstraps.failed),
    },
    single(
      'counter',
      'mooring_denials_unrecorded_total',
      'Devices that were not let in and of which there is no record, there being too many.',
      denialsUnrecorded,
    ),
    single(
      'gauge',
      'mooring_server_hello_time',
      'Whether devices get the time from the TLS handshake (ServerHello.random).',
      tellsTime ? 1 : 0,
    ),
    single(
      'gauge',
      'mooring_dtls',
      'Whether this machine can do DTLS, so that devices may come over UDP.',
      dtls ? 1 : 0,
    ),
  ];
}
