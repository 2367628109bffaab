import { createHash } from 'node:crypto';
import { restErrors } from '../errors.ts';
import { addressText, serviceAddress } from './address.ts';
import { networkFailure, timedOut } from './network-failure.ts';

/** SHA-256 as 64 lower-case hex digits, from any of its spellings: with colons, blanks, capitals, `sha256:`. */
export function normalFingerprint(text: string): string {
  const hex = text
    .trim()
    .replace(/^sha-?256(?: fingerprint)?[:=]\s*/i, '')
    .replace(/[\s:]/g, '')
    .toLowerCase();
  if (/^[0-9a-f]{64}$/.test(hex)) return hex;
  throw restErrors('rest.tls.fingerprint', {
    message: `"${text.trim()}" is not a SHA-256 fingerprint: it has to be 64 hex digits, with or without colons.`,
    next: 'Copy it from the output of `mooring ca export`.',
  });
}

function pem(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

/**
 * Fetches the certificate with this fingerprint out of the chain that the server shows. Nothing is sent besides
 * the handshake, and the chain is believed for nothing else: use the result as the only CA of a connection.
 *
 * @param url `https://…`
 * @param caFingerprint SHA-256 of the DER form of one certificate of the chain
 * @returns its PEM
 * @throws MooringError `rest.tls.fingerprint` if none has it; `rest.unreachable`, `rest.timeout`, `rest.tls.failed`
 */
export async function fetchCertificateAuthority(
  url: string,
  caFingerprint: string,
  options: { timeout?: number; signal?: AbortSignal } = {},
): Promise<string> {
  const address = serviceAddress(url);
  const wanted = normalFingerprint(caFingerprint);
  if (address.protocol !== 'https:') {
    throw restErrors('rest.tls.fingerprint', {
      message: `${addressText(address)} is not an https:// address, so there is no certificate to compare.`,
      next: 'Begin the address with https://, or leave the fingerprint out.',
      data: { url: addressText(address) },
    });
  }
  const chain = await shownChain(address, options.timeout ?? 30_000, options.signal);
  const found = chain.find((der) => createHash('sha256').update(der).digest('hex') === wanted);
  if (found) return pem(found);
  throw restErrors('rest.tls.fingerprint', {
    message: `${address.host} shows no certificate with the fingerprint ${wanted}.`,
    next: 'Compare it with `mooring ca export` on the machine of the service. If they differ, this is another service, or someone is in between.',
    data: {
      url: addressText(address),
      shown: chain.map((der) => createHash('sha256').update(der).digest('hex')),
    },
  });
}

async function shownChain(url: URL, timeout: number, signal: AbortSignal | undefined): Promise<Uint8Array[]> {
  const { connect } = await import('node:tls');
  const { isIP } = await import('node:net');
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array[]>();
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const socket = connect({
    host,
    port: Number(url.port || 443),
    ...(isIP(host) ? {} : { servername: host }),
    rejectUnauthorized: false,
  });
  const deadline = setTimeout(() => socket.destroy(timedOut(url, timeout)), timeout);
  const abort = () => socket.destroy(signal?.reason);
  signal?.addEventListener('abort', abort);
  if (signal?.aborted) abort();
  socket.once('secureConnect', () => {
    const chain: Uint8Array[] = [];
    // A self-signed certificate is its own issuer: the list ends there.
    let next: ReturnType<typeof socket.getPeerCertificate> | undefined = socket.getPeerCertificate(true);
    while (next?.raw && !chain.some((der) => Buffer.compare(der, (next as { raw: Buffer }).raw) === 0)) {
      chain.push(next.raw);
      next = (next as { issuerCertificate?: typeof next }).issuerCertificate;
    }
    resolve(chain);
  });
  socket.once('error', (error) =>
    reject(error.name === 'MooringError' || signal?.aborted ? error : networkFailure(error, url)),
  );
  try {
    return await promise;
  } finally {
    clearTimeout(deadline);
    signal?.removeEventListener('abort', abort);
    socket.destroy();
  }
}
