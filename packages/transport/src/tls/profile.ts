import { constants } from 'node:crypto';
import type { SecureContextOptions } from 'node:tls';
import type { Profile } from '../listener.ts';

type ProfileOptions = Pick<
  SecureContextOptions,
  'ciphers' | 'ecdhCurve' | 'sigalgs' | 'minVersion' | 'maxVersion' | 'secureOptions' | 'honorCipherOrder'
>;

/**
 * Everything is named and nothing comes from OpenSSL's defaults: CCM_8 is to be had at security level 0 alone, and that level
 * would let weak keys and old versions in as well. The client's order of suites decides, for the device knows which of them
 * its hardware does.
 *
 * There is no resumption. Pelion's clients do not ask for it over TCP, tickets cost every connection a seventh of the
 * handshake, and a resumed session would be judged by a certificate without what was sent above it.
 */
export const tlsProfiles: Readonly<Record<Profile, ProfileOptions>> = {
  pelion: {
    ciphers: [
      'ECDHE-ECDSA-AES128-CCM8',
      'ECDHE-ECDSA-AES128-GCM-SHA256',
      'ECDHE-ECDSA-AES128-CCM',
      'ECDHE-ECDSA-CHACHA20-POLY1305',
      '@SECLEVEL=0',
    ].join(':'),
    ecdhCurve: 'P-256',
    sigalgs: 'ECDSA+SHA256',
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.2',
    honorCipherOrder: false,
    secureOptions: constants.SSL_OP_NO_TICKET,
  },
  standard: {
    ciphers: [
      'TLS_AES_128_GCM_SHA256',
      'TLS_AES_256_GCM_SHA384',
      'TLS_CHACHA20_POLY1305_SHA256',
      'ECDHE-ECDSA-AES128-GCM-SHA256',
      'ECDHE-ECDSA-AES256-GCM-SHA384',
      'ECDHE-ECDSA-CHACHA20-POLY1305',
      'ECDHE-ECDSA-AES128-CCM',
    ].join(':'),
    ecdhCurve: 'X25519:P-256:P-384',
    sigalgs: 'ECDSA+SHA256:ECDSA+SHA384:ed25519:RSA-PSS+SHA256',
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    honorCipherOrder: false,
    secureOptions: constants.SSL_OP_NO_TICKET,
  },
};
