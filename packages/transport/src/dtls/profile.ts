import type { Profile } from '../listener.ts';
import type { ContextOptions } from './addon.ts';

interface DtlsProfile {
  readonly certificates: readonly string[];
  readonly preSharedKeys: readonly string[];
  readonly level: readonly string[];
  readonly groups: string;
  readonly signatures: string;
}

/** As over TLS, everything is named; with what LwM2M asks for pre-shared keys (RFC 7925 §4.2, RFC 5487). */
const profiles: Readonly<Record<Profile, DtlsProfile>> = {
  pelion: {
    certificates: [
      'ECDHE-ECDSA-AES128-CCM8',
      'ECDHE-ECDSA-AES128-GCM-SHA256',
      'ECDHE-ECDSA-AES128-CCM',
      'ECDHE-ECDSA-CHACHA20-POLY1305',
    ],
    preSharedKeys: ['ECDHE-PSK-CHACHA20-POLY1305', 'PSK-AES128-CCM8', 'PSK-AES128-GCM-SHA256', 'PSK-AES128-CCM'],
    level: ['@SECLEVEL=0'],
    groups: 'P-256',
    signatures: 'ECDSA+SHA256',
  },
  standard: {
    certificates: [
      'ECDHE-ECDSA-AES128-GCM-SHA256',
      'ECDHE-ECDSA-AES256-GCM-SHA384',
      'ECDHE-ECDSA-CHACHA20-POLY1305',
      'ECDHE-ECDSA-AES128-CCM',
    ],
    preSharedKeys: ['ECDHE-PSK-CHACHA20-POLY1305', 'PSK-AES128-GCM-SHA256', 'PSK-AES128-CCM'],
    level: [],
    groups: 'X25519:P-256:P-384',
    signatures: 'ECDSA+SHA256:ECDSA+SHA384',
  },
};

export function dtlsProfile(
  profile: Profile,
  use: { certificates: boolean; preSharedKeys: boolean },
): Pick<ContextOptions, 'ciphers' | 'groups' | 'signatures'> {
  const { certificates, preSharedKeys, level, groups, signatures } = profiles[profile];
  const ciphers = [...(use.certificates ? certificates : []), ...(use.preSharedKeys ? preSharedKeys : []), ...level];
  return { ciphers: ciphers.join(':'), groups, signatures };
}
