import type { ListenerStats } from '@mooring/transport';
import type { Family, Sample } from './exposition.ts';
import { single } from './exposition.ts';

export type DeviceServerName = 'bootstrap' | 'lwm2m';

/** What the servers for devices know of themselves. Counts are since the start. */
export interface DeviceReport {
  readonly listeners: Readonly<Partial<Record<DeviceServerName, ListenerStats>>>;
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
}

type Listed = [server: DeviceServerName, stats: ListenerStats];

function byServer(listed: readonly Listed[], value: (stats: ListenerStats) => number): Sample[] {
  return listed.map(([server, stats]) => ({ labels: { server }, value: value(stats) }));
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
      help: 'TCP connections that came.',
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
      samples: listed.flatMap(([server, { refused }]) =>
        Object.entries(refused).map(([reason, value]) => ({ labels: { server, reason }, value })),
      ),
    },
  ];
}

/** The servers for devices. */
export function deviceFamilies(report: DeviceReport): Family[] {
  const { listeners, connected, registrations, bootstraps, denialsUnrecorded, tellsTime } = report;
  const listed = (['bootstrap', 'lwm2m'] as const).flatMap((server): Listed[] => {
    const stats = listeners[server];
    return stats ? [[server, stats]] : [];
  });
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
  ];
}
