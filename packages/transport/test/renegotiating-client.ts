// A program for server-time.test.ts: connects to the port given with the key and certificate on stdin, renegotiates twice,
// and lets OpenSSL write every handshake message, in the clear, to stderr.
import { text } from 'node:stream/consumers';
import { connect } from 'node:tls';

const { key, certificate } = JSON.parse(await text(process.stdin));
const tls = connect({
  port: Number(process.argv[2]),
  host: '127.0.0.1',
  rejectUnauthorized: false,
  maxVersion: 'TLSv1.2',
  key,
  cert: certificate,
});
tls.enableTrace();
const renegotiate = () => new Promise((resolve) => tls.renegotiate({}, resolve));
tls.once('secureConnect', async () => {
  await renegotiate();
  await renegotiate();
  tls.destroy();
});
