// A process that does to the server at its first argument what the onboarding of devices does to TLS, as often as the second
// says: a connection that ends after its handshake, and one that stays. Tells when all are there.
import { connect, createSecureContext, type TLSSocket } from 'node:tls';
import { identity } from '../../packages/transport/test/identity.ts';

const [port, count] = process.argv.slice(2, 4).map(Number) as [number, number];
const atOnce = 64;
const { key, certificate: cert } = identity('device');
const secureContext = createSecureContext({
  key,
  cert,
  ciphers: 'ECDHE-ECDSA-AES128-CCM8:@SECLEVEL=0',
  ecdhCurve: 'P-256',
  maxVersion: 'TLSv1.2',
});

const one = () =>
  new Promise<TLSSocket>((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', secureContext, rejectUnauthorized: false }, () =>
      resolve(socket),
    );
    socket.on('error', reject);
  });

const kept: TLSSocket[] = [];
let begun = 0;
const line = async () => {
  while (begun++ < count) {
    (await one()).end();
    kept.push(await one());
  }
};
await Promise.all(Array.from({ length: atOnce }, line));
process.send?.('connected');
setInterval(() => kept.length, 60_000);
