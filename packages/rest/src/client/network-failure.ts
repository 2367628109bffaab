import type { MooringError } from '@mooring/platform';
import { restErrors } from '../errors.ts';
import { addressText } from './address.ts';

interface SystemError extends Error {
  code?: string;
  errors?: readonly SystemError[];
  reason?: string;
}

/** Names of OpenSSL's and Node's verdicts on a chain. */
const untrusted: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'its CA is not one that this machine knows',
  UNABLE_TO_GET_ISSUER_CERT: 'its CA is not known here',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its CA is not known here',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its CA is not known here',
  CERT_UNTRUSTED: 'its CA is not trusted for servers',
  CERT_SIGNATURE_FAILURE: 'its signature is not by the CA that was given',
  INVALID_CA: 'the CA that was given may not sign certificates',
  CERT_HAS_EXPIRED: 'it has expired, or the clock of this machine is wrong',
  CERT_NOT_YET_VALID: 'it is not valid yet, or the clock of this machine is wrong',
};

const unreachable: Readonly<Record<string, (url: URL) => [message: string, next: string]>> = {
  ENOTFOUND: (url) => [`There is no host named ${url.hostname}.`, 'Check the spelling of the address and the DNS.'],
  EAI_AGAIN: (url) => [
    `The name ${url.hostname} could not be looked up: the name server does not answer.`,
    'Check the network connection of this machine.',
  ],
  ECONNREFUSED: (url) => [
    `Nothing listens at ${url.host}: the connection was refused.`,
    'Check host and port, and that the service is running.',
  ],
  EHOSTUNREACH: (url) => [`There is no way to ${url.hostname}.`, 'Check the network connection of this machine.'],
  ENETUNREACH: (url) => [
    `The network of ${url.hostname} cannot be reached from here.`,
    'Check the network connection of this machine.',
  ],
  ECONNRESET: (url) => [
    `${url.host} cut the connection before it answered.`,
    url.protocol === 'http:' ? 'If the service uses TLS, begin the address with https://.' : 'Try again.',
  ],
};

function codeOf(error: SystemError): string {
  if (error.code !== undefined) return error.code;
  // Several addresses were tried: the first verdict stands for all.
  return error.errors?.find(({ code }) => code !== undefined)?.code ?? 'unknown';
}

/** Turns what the network or TLS reported into a sentence. The error holds the address, never a header. */
export function networkFailure(error: unknown, url: URL): MooringError {
  const failure = error as SystemError;
  const code = codeOf(failure);
  const data = { url: addressText(url), reason: code };
  if (code in untrusted) {
    return restErrors('rest.tls.untrusted', {
      message: `The certificate of ${url.host} is not trusted: ${untrusted[code]}.`,
      next: 'If this is your own service, give its fingerprint with --ca-fingerprint, or its CA; `mooring ca export` prints both.',
      data,
    });
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return restErrors('rest.tls.untrusted', {
      message: `The certificate of ${url.host} is for another name${failure.reason ? ` (${failure.reason})` : ''}.`,
      next: `Use the name that the certificate has, or start the service with a certificate for ${url.hostname}; --ca-fingerprint and \`mooring ca export\` do not help here.`,
      data,
    });
  }
  if (code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS') || code === 'EPROTO') {
    const plain = /wrong version number|packet length too long|http request/i.test(failure.message ?? '');
    return restErrors('rest.tls.failed', {
      message: plain
        ? `${url.host} does not speak TLS.`
        : `No TLS connection to ${url.host} came about (${code
            .replace(/^ERR_SSL_/, '')
            .toLowerCase()
            .replaceAll('_', ' ')}).`,
      next: plain ? 'If the service is on this machine, begin its address with http://.' : 'Check host and port.',
      data,
    });
  }
  if (code.startsWith('HPE_')) {
    return restErrors('rest.answer.foreign', {
      message: `What ${url.host} answered is not HTTP.`,
      next:
        url.protocol === 'http:' ? 'If the service uses TLS, begin the address with https://.' : 'Check host and port.',
      data,
    });
  }
  if (code === 'ETIMEDOUT' || code === 'ESOCKETTIMEDOUT') return timedOut(url, undefined);
  const [message, next] = (
    unreachable[code] ??
    ((at: URL): [string, string] => [`${at.host} could not be reached (${code}).`, 'Check the address.'])
  )(url);
  return restErrors('rest.unreachable', { message, next, data });
}

/** @param after milliseconds that were waited, if it is known */
export function timedOut(url: URL, after: number | undefined): MooringError {
  return restErrors('rest.timeout', {
    message: `${url.host} did not answer${after === undefined ? ' in time' : ` within ${after / 1000} s`}.`,
    next: 'Check the address and the network; then try again.',
    data: { url: addressText(url) },
  });
}
