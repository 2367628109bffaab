import { errorFamily } from '@mooring/platform';

export const transportErrors = errorFamily({
  'transport.listen.failed': 'A port for devices cannot be opened.',
  'transport.credentials.invalid': 'A key and certificate for TLS cannot be used, or do not belong together.',
  'transport.connect.failed': 'A connection was not made, or broke before it was secure.',
  'transport.connect.timeout': 'A connection was not secure in time.',
  'transport.peer.untrusted': 'The other end is not one that is trusted.',
  'transport.peer.changed': 'In a new handshake on a connection the other end showed another certificate than before.',
  'transport.channel.replaced': 'The other end began anew from the same address, as after a restart.',
  'transport.channel.broken': 'A connection broke; the other end sent an alert, or what cannot be read.',
  'transport.channel.slow': 'The other end takes in less than it is sent, and too much waits for it.',
  'transport.dtls.unavailable': 'DTLS is not there on this machine.',
});
