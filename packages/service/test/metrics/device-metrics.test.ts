import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deviceFamilies } from '../../src/metrics/device-metrics.ts';
import { exposition } from '../../src/metrics/exposition.ts';

test('what the servers for devices count, as Prometheus reads it', () => {
  const text = exposition(
    deviceFamilies({
      listeners: {
        bootstrap: {
          tls: {
            channels: 1,
            handshakes: 2,
            accepted: 30,
            established: 20,
            silent: 3,
            refused: { expired: 4, 'no-certificate': 5 },
          },
        },
      },
      connected: 6,
      registrations: { registered: 7, updated: 8 },
      bootstraps: {
        done: 9,
        unasked: 10,
        denied: new Map([['certificate-revoked', 11]]),
        failed: new Map([['no answer', 12]]),
      },
      denialsUnrecorded: 13,
      tellsTime: true,
      dtls: false,
    }),
  );
  assert.deepEqual(
    text.split('\n').filter((line) => !line.startsWith('#') && line !== ''),
    [
      'mooring_device_connections{server="bootstrap",transport="tls"} 1',
      'mooring_device_handshakes_running{server="bootstrap",transport="tls"} 2',
      'mooring_device_connections_accepted_total{server="bootstrap",transport="tls"} 30',
      'mooring_device_handshakes_total{server="bootstrap",transport="tls"} 20',
      'mooring_device_silent_total{server="bootstrap",transport="tls"} 3',
      'mooring_device_refusals_total{server="bootstrap",transport="tls",reason="expired"} 4',
      'mooring_device_refusals_total{server="bootstrap",transport="tls",reason="no-certificate"} 5',
      'mooring_devices_connected 6',
      'mooring_registrations_total 7',
      'mooring_registration_updates_total 8',
      'mooring_bootstraps_total 9',
      'mooring_bootstraps_unasked_total 10',
      'mooring_bootstrap_denials_total{reason="certificate-revoked"} 11',
      'mooring_bootstrap_failures_total{reason="no answer"} 12',
      'mooring_denials_unrecorded_total 13',
      'mooring_server_hello_time 1',
      'mooring_dtls 0',
    ],
  );
});
