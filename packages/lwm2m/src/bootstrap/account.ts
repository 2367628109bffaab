import { type ResourceNode, resource } from '../model/node.ts';

/** How a standard LwM2M client is to secure its connection to a server (OMA LwM2M 1.1 Appendix E.1, resource 2). */
export type ServerSecurity =
  | { readonly mode: 'psk'; readonly identity: Uint8Array; readonly key: Uint8Array }
  | {
      readonly mode: 'certificate';
      /** DER. */
      readonly certificate: Uint8Array;
      /** DER, PKCS#8. */
      readonly privateKey: Uint8Array;
      /** DER: the server's own certificate, or what `usage` says. */
      readonly serverCertificate: Uint8Array;
      /** Certificate Usage of 1.1: 0 CA constraint, 1 service certificate, 2 trust anchor, 3 domain-issued (what 1.0 has). */
      readonly usage?: number;
    }
  | { readonly mode: 'none' };

/** One server that a standard client is told of: an instance of object 0 and one of object 1. */
export interface ServerAccount {
  readonly serverUri: string;
  readonly security: ServerSecurity;
  /** 1 to 65534, the same in both objects. */
  readonly shortServerId: number;
  /** Seconds. */
  readonly lifetime: number;
  /** `U` where nothing else is said. */
  readonly binding?: string;
}

/** Numbers of security modes. */
export const securityModes = { psk: 0, rawPublicKey: 1, certificate: 2, none: 3, est: 4 } as const;

function keyResources(security: ServerSecurity): ResourceNode[] {
  switch (security.mode) {
    case 'psk':
      return [
        resource(2, securityModes.psk),
        resource(3, security.identity),
        resource(4, new Uint8Array()),
        resource(5, security.key),
      ];
    case 'certificate':
      return [
        resource(2, securityModes.certificate),
        resource(3, security.certificate),
        resource(4, security.serverCertificate),
        resource(5, security.privateKey),
        ...(security.usage === undefined ? [] : [resource(15, security.usage)]),
      ];
    case 'none':
      return [resource(2, securityModes.none)];
  }
}

/** The resources of the instance of object 0. */
export const securityResources = ({ serverUri, security, shortServerId }: ServerAccount): ResourceNode[] => [
  resource(0, serverUri),
  resource(1, false),
  ...keyResources(security),
  resource(10, shortServerId),
];

/** The resources of the instance of object 1. */
export const serverResources = ({ shortServerId, lifetime, binding }: ServerAccount): ResourceNode[] => [
  resource(0, shortServerId),
  resource(1, lifetime),
  resource(6, true),
  resource(7, binding ?? 'U'),
];
