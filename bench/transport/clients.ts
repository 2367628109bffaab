// A process that connects to the server at its first argument as often as the second says, over TLS or DTLS (the third), and
// stays connected. It says so when all are there. As the old devices it offers CCM_8 alone.
import { connect, createSecureContext, type SecureContext } from 'node:tls';
import { connectDtls } from '@mooring/transport';
import { anyone, identity } from '../../packages/transport/test/identity.ts';

const [port, count] = process.argv.slice(2, 4).map(Number) as [number, number];
const atOnce = 16;
const device = identity('device');

function overTls(secureContext: SecureContext): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', secureContext, rejectUnauthorized: false }, () =>
      resolve(socket),
    );
    socket.on('error', reject);
  });
}

const context = createSecureContext({
  key: device.key,
  cert: device.certificate,
  ciphers: 'ECDHE-ECDSA-AES128-CCM8:@SECLEVEL=0',
  ecdhCurve: 'P-256',
  maxVersion: 'TLSv1.2',
});
const one = () =>
  process.argv[4] === 'dtls'
    ? connectDtls({ host: '127.0.0.1', port, credentials: device, verifyPeer: anyone })
    : overTls(context);

const kept: unknown[] = [];
let begun = 0;
const line = async () => {
  while (begun++ < count) kept.push(await one());
};
await Promise.all(Array.from({ length: atOnce }, line));
process.send?.('connected');
setInterval(() => kept.length, 60_000);
